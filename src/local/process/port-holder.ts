import { execFile } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { promisify } from "node:util";

/** Who listens on a TCP port, as "node (pid 123)", where it can be found out. */
export async function portHolder(port: number): Promise<string | undefined> {
  try {
    if (process.platform === "linux") return fromProc(port);
    if (process.platform === "darwin") return await fromLsof(port);
  } catch {
    // Another user's process, or no such tool: the port alone is named.
  }
  return undefined;
}

function fromProc(port: number): string | undefined {
  const hex = port.toString(16).toUpperCase().padStart(4, "0");
  const tables = ["/proc/net/tcp", "/proc/net/tcp6"].map((path) => readFileSync(path, "utf8"));
  const rows = tables.flatMap((table) => table.split("\n").map((line) => line.trim().split(/\s+/)));
  // Columns: local address, remote address, state (0A: listening) … inode.
  const inode = rows.find((row) => row[1]?.endsWith(`:${hex}`) && row[3] === "0A")?.[9];
  if (!inode) return undefined;
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    if (holdsSocket(pid, inode)) return `${readFileSync(`/proc/${pid}/comm`, "utf8").trim()} (pid ${pid})`;
  }
  return undefined;
}

function holdsSocket(pid: string, inode: string): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${fd}`) === `socket:[${inode}]`;
      } catch {
        return false;
      }
    });
  } catch {
    return false;
  }
}

async function fromLsof(port: number): Promise<string | undefined> {
  const { stdout } = await promisify(execFile)("lsof", ["-nP", `-iTCP:${port}`, "-sTCP:LISTEN", "-Fpc"]);
  const pid = /^p(\d+)/m.exec(stdout)?.[1];
  return pid ? `${/^c(.+)/m.exec(stdout)?.[1] ?? "a process"} (pid ${pid})` : undefined;
}
