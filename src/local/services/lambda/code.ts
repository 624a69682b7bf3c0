import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { unzipSync } from "fflate";
import type { Stack } from "../../service.ts";
import { writeRefused } from "../../storage/store-file.ts";
import { invalid } from "./model.ts";

/** Lambda's limits, in bytes: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const ZIP_LIMIT = 50 * 1024 * 1024;
const UNZIPPED_LIMIT = 262_144_000;

export interface Code {
  sha256: string;
  /** Hex digest: names the zip and its unpacked folder. */
  file: string;
  size: number;
}

interface CodeInput {
  ZipFile?: Uint8Array;
  S3Bucket?: string;
  S3Key?: string;
  S3ObjectVersion?: string;
  ImageUri?: string;
}

/** The uploaded packages, by content, in the service's folder. */
export class CodeStore {
  #folder: string;
  #stack: Stack;

  constructor(stack: Stack) {
    this.#stack = stack;
    this.#folder = join(stack.folder("lambda"), "code");
    mkdirSync(this.#folder, { recursive: true });
  }

  zipPath(file: string): string {
    return join(this.#folder, `${file}.zip`);
  }

  /** Where the package is unpacked. */
  taskRoot(file: string): string {
    return join(this.#folder, file);
  }

  /** Checks a package. Throws `AwsError` InvalidParameterValueException as Lambda does. */
  read(input: CodeInput | undefined): { code: Code; bytes: Uint8Array } {
    const bytes = this.#bytes(input ?? {});
    unpacked(bytes);
    const digest = createHash("sha256").update(bytes).digest();
    return { bytes, code: { sha256: digest.toString("base64"), file: digest.toString("hex"), size: bytes.length } };
  }

  /**
   * Keeps the package and unpacks it, each whole or not at all. Throws `AwsError` (500, which clients retry) when the disk
   * refuses.
   */
  keep({ bytes, code }: { bytes: Uint8Array; code: Code }): void {
    this.#whole(this.zipPath(code.file), (part) => writeFileSync(part, bytes));
    this.#whole(this.taskRoot(code.file), (part) => {
      mkdirSync(part);
      for (const [name, content] of Object.entries(unpacked(bytes))) {
        const path = join(part, name);
        if (name.endsWith("/")) mkdirSync(path, { recursive: true });
        else {
          mkdirSync(dirname(path), { recursive: true });
          writeFileSync(path, content, { mode: 0o755 });
        }
      }
    });
  }

  /** Makes `target` by way of a file or folder that `retain` removes where the process dies before it's whole. */
  #whole(target: string, make: (part: string) => void): void {
    if (existsSync(target)) return;
    const part = `${target}.part`;
    try {
      rmSync(part, { recursive: true, force: true });
      make(part);
      renameSync(part, target);
    } catch (error) {
      // It would lie there until the next start, on a disk that may be full.
      rmSync(part, { recursive: true, force: true });
      throw writeRefused(error);
    }
  }

  /** Removes every package, and every half-written one, that `keep` doesn't want. */
  retain(keep: (file: string) => boolean): void {
    for (const entry of readdirSync(this.#folder)) {
      if (!keep(entry.replace(/\.zip$/, ""))) rmSync(join(this.#folder, entry), { recursive: true, force: true });
    }
  }

  remove(file: string): void {
    rmSync(this.zipPath(file), { force: true });
    rmSync(this.taskRoot(file), { recursive: true, force: true });
  }

  #bytes(input: CodeInput): Uint8Array {
    if (input.ImageUri) throw invalid("The embedded stack runs zip packages, not container images.");
    if (input.ZipFile) {
      if (input.ZipFile.length === 0) throw invalid("Uploaded file must be a non-empty zip");
      if (input.ZipFile.length > ZIP_LIMIT) {
        throw invalid(
          `Unzipped size must be smaller than ${UNZIPPED_LIMIT} bytes; a direct upload at most ${ZIP_LIMIT}.`,
        );
      }
      return input.ZipFile;
    }
    if (!input.S3Bucket || !input.S3Key) throw invalid("Please provide a source for function code.");
    try {
      return readFileSync(this.#stack.object(input.S3Bucket, input.S3Key, input.S3ObjectVersion).path);
    } catch (error) {
      const { code, message } = error as { code: string; message: string };
      throw invalid(`Error occurred while GetObject. S3 Error Code: ${code}. S3 Error Message: ${message}`);
    }
  }
}

const unreadable = () => invalid("Could not unzip uploaded file. Please check your file, then try to upload again.");

/** A zip's files. The declared sizes are checked before anything is inflated, and bound what is. */
function unpacked(bytes: Uint8Array): Record<string, Uint8Array> {
  let total = 0;
  let problem: Error | undefined;
  const check = ({ name, originalSize }: { name: string; originalSize: number }) => {
    total += originalSize;
    if (total > UNZIPPED_LIMIT) problem ??= invalid(`Unzipped size must be smaller than ${UNZIPPED_LIMIT} bytes`);
    if (name === "" || name.startsWith("/") || /[\\\0:]/.test(name) || name.split("/").includes("..")) {
      problem ??= unreadable();
    }
    return problem === undefined;
  };
  let files: Record<string, Uint8Array>;
  try {
    files = unzipSync(bytes, { filter: check });
  } catch {
    throw problem ?? unreadable();
  }
  if (problem) throw problem;
  return files;
}
