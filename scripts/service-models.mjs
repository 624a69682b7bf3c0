// node scripts/service-models.mjs botocore-X.Y.Z-py3-none-any.whl
// Writes test/aws/service-models/: of AWS's service models (as botocore ships them, Apache-2.0), the inputs of the calls
// that src/aws names, with their constraints. Get the wheel with `pip download --no-deps botocore`.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { unzipSync } from "fflate";

const wheel = process.argv[2];
const version = /botocore-([\d.]+)-/.exec(basename(wheel ?? ""))?.[1];
if (!version) {
  console.error("usage: node scripts/service-models.mjs botocore-X.Y.Z-py3-none-any.whl");
  process.exit(2);
}
/** src/aws/<name>.ts → botocore's folder. */
const services = {
  cloudwatch: "cloudwatch",
  dynamodb: "dynamodb",
  ec2: "ec2",
  flink: "kinesisanalyticsv2",
  iam: "iam",
  kinesis: "kinesis",
  lambda: "lambda",
  logs: "logs",
  quotas: "service-quotas",
  s3: "s3",
  scheduler: "scheduler",
  sns: "sns",
  ssm: "ssm",
  sts: "sts",
};
const wanted = new RegExp(`^botocore/data/(${Object.values(services).join("|")})/[^/]+/service-2\\.json(\\.gz)?$`);
const files = unzipSync(readFileSync(wheel), { filter: ({ name }) => wanted.test(name) });
const { gunzipSync } = await import("node:zlib");

const KEEP = ["type", "required", "enum", "min", "max", "pattern", "union"];
const folder = "test/aws/service-models";
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
for (const file of readdirSync("src/aws")) {
  const name = file.replace(/\.ts$/, "");
  if (!services[name]) continue;
  const path = Object.keys(files)
    .filter((candidate) => candidate.startsWith(`botocore/data/${services[name]}/`))
    .sort()
    .at(-1);
  const bytes = files[path];
  const model = JSON.parse(Buffer.from(path.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString());
  const used = [...readFileSync(join("src/aws", file), "utf8").matchAll(/\b(\w+)Command\b/g)].map((m) => m[1]).sort();
  const shapes = {};
  const take = (shapeName) => {
    if (shapes[shapeName]) return;
    const shape = model.shapes[shapeName];
    shapes[shapeName] = Object.fromEntries(KEEP.filter((key) => key in shape).map((key) => [key, shape[key]]));
    const inner = { member: shape.member, key: shape.key, value: shape.value };
    for (const [key, value] of Object.entries(inner)) {
      if (!value) continue;
      shapes[shapeName][key] = value.shape;
      take(value.shape);
    }
    if (!shape.members) return;
    shapes[shapeName].members = {};
    for (const [key, value] of Object.entries(shape.members)) {
      shapes[shapeName].members[key] = value.shape;
      take(value.shape);
    }
  };
  const operations = {};
  for (const operation of used) {
    const found = model.operations[operation];
    if (!found) throw new Error(`${name}: the model has no ${operation}`);
    operations[operation] = found.input?.shape ?? null;
    if (found.input) take(found.input.shape);
  }
  const content = { source: `botocore ${version}, ${path.split("/").slice(2, 4).join(" ")}`, operations, shapes };
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(content)}\n`);
}
