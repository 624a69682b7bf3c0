// The Flink job against the forest library's own loop, on one core and on two, against the version that reads its forest from
// keyed state for every record, and what 10,000 turbines take. Run: npm run bench:flink [-- TURBINES_IN_MEMORY]
// Ratios count CPU time where one core is meant (other work on the machine then counts less), and the wall's where two are.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

interface Rates {
  perSecond: number;
  perCpuSecond: number;
}

interface Memory {
  turbines: number;
  heapBytes: number;
  savedBytes: number;
  saveMs: number;
  restoreMs: number;
}

const TURBINES = 20;
const READINGS = 1_500;
const turbinesInMemory = Number(process.argv[2] ?? 1_000);

const folder = mkdtempSync(join(tmpdir(), "windops-bench-"));
const source = "flink";
execFileSync(
  "mvn",
  ["-q", "-B", "test-compile", "dependency:build-classpath", `-Dmdep.outputFile=${join(folder, "classpath")}`],
  { cwd: source, stdio: "inherit" },
);
const classpath = [
  join(source, "target/test-classes"),
  join(source, "target/classes"),
  readFileSync(join(folder, "classpath"), "utf8"),
].join(delimiter);
rmSync(folder, { recursive: true });

/** Runs a bench's JVM on these cores; its lines of JSON. */
function java<T>(cores: string, program: string, args: string[], heap = "2g"): T[] {
  const opens = ["lang", "util"].map((name) => `--add-opens=java.base/java.${name}=ALL-UNNAMED`);
  const options = [`-Xmx${heap}`, "-Dlog4j2.level=error", ...opens, "-cp", classpath, `io.windops.bench.${program}`];
  const out = execFileSync("taskset", ["-c", cores, "java", ...options, ...args], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  return out
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line));
}

function rates(cores: string, what: string[], parallelism: number, turbines: number, readings: number, rounds: number) {
  const args = [what.join(","), parallelism, turbines, readings, rounds].map(String);
  return java<{ what: string; rates: Rates }>(cores, "Throughput", args).map((found) => found.rates);
}

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!;
const row = (...cells: (string | number)[]) => console.log(`| ${cells.join(" | ")} |`);
const mega = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;

row("what", "records/s", "ratio", "target");
row("---", "--:", "--:", "--:");

const [library, detector, job] = rates("0", ["library", "detector", "job"], 1, TURBINES, READINGS, 3);
const times = (rates: Rates, base: Rates) => (rates.perCpuSecond / base.perCpuSecond).toFixed(2);
row("AWS's library's loop, one core", library!.perCpuSecond, "1.00", "");
row("the job, one core", job!.perCpuSecond, times(job!, library!), "≥ 0.60");
row("our detector's loop, one core", detector!.perCpuSecond, "1.00", "");
row("the job, one core", job!.perCpuSecond, times(job!, detector!), "≥ 0.60");

const rounds: { one: Rates; two: Rates }[] = [];
for (let round = 0; round < 3; round++) {
  const [one] = rates("0", ["job"], 1, TURBINES, 4 * READINGS, 1);
  const [two] = rates("0,1", ["job"], 2, TURBINES, 4 * READINGS, 1);
  rounds.push({ one: one!, two: two! });
}
const ratio = (of: (round: { one: Rates; two: Rates }) => number) => median(rounds.map(of)).toFixed(2);
row("parallelism 1 on one core", median(rounds.map(({ one }) => one.perSecond)), "1.00", "");
row(
  "parallelism 2 on two cores",
  median(rounds.map(({ two }) => two.perSecond)),
  ratio(({ one, two }) => two.perSecond / one.perSecond),
  "≥ 1.70",
);
// Two cores' worth of CPU time against one's: what the wall shows where nothing else wants the cores.
row(
  "the same by CPU time",
  median(rounds.map(({ two }) => 2 * two.perCpuSecond)),
  ratio(({ one, two }) => (2 * two.perCpuSecond) / one.perCpuSecond),
  "≥ 1.70",
);

const [heap, naive] = rates("0", ["job", "naive"], 1, 4, 400, 1);
row("forests on the heap, 4 turbines × 400", heap!.perCpuSecond, "1.00", "");
row("forests in keyed state (RocksDB)", naive!.perCpuSecond, (naive!.perCpuSecond / heap!.perCpuSecond).toFixed(3), "");

const [memory] = java<Memory>("0,1", "Memory", [String(turbinesInMemory)], "16g");
const { turbines, heapBytes, savedBytes, saveMs, restoreMs } = memory!;
console.log(`
${turbines} turbines with full samples: heap ${mega(heapBytes)}, checkpoint ${mega(savedBytes)}.
A turbine: heap ${(heapBytes / turbines / 1e3).toFixed(0)} kB, checkpoint ${(savedBytes / turbines / 1e3).toFixed(0)} kB, \
${saveMs} ms to save, ${restoreMs} ms to restore.`);
