import { orAbsent } from "../../aws/failures.ts";
import { HeadObjectCommand } from "../../aws/s3.ts";
import { jarFaults, loadJar } from "../../pipeline/flink/jar.ts";
import { subscriptions } from "../../pipeline/resources/subscription.ts";
import { identities } from "../../pipeline/settings/identities.ts";
import { readStatus } from "../status/status.ts";
import { failed, type Outcome, ok, type Patient, skipped, warning } from "./check.ts";

const MOST_NAMED = 5;

export async function checkJar(patient: Patient): Promise<Outcome> {
  const { names, target, clients } = await patient.session();
  const jar = await loadJar(target, patient.ctx.env);
  if (jar?.kind === "placeholder") return ok("not built, and the embedded engine needs none");
  if (jar) {
    const faults = jarFaults(jar.bytes);
    if (faults.length > 0) return failed(faults.join("; "), "Run `windops build`.");
    return ok(`${(jar.bytes.byteLength / 1e6).toFixed(1)} MB`);
  }
  const s3 = await clients.s3();
  const there = await orAbsent(s3.send(new HeadObjectCommand({ Bucket: names.bucket, Key: names.jarKey })));
  if (there) return ok("not built here; the bucket has one");
  return failed("not built", "Run `windops build` (it needs a JDK 17 and Maven).");
}

export async function checkResources(patient: Patient): Promise<Outcome> {
  const { resources } = await readStatus(await patient.what());
  const of = (...states: string[]) => resources.filter(({ state }) => states.includes(state));
  if (of("missing").length === resources.length) return skipped("nothing is set up yet: `windops setup`");
  const ill = resources.filter(({ state, problem }) => state !== "present" || problem !== undefined);
  if (ill.length === 0) return ok(`${resources.length} resources`);
  const named = ill.map(({ type, name, state, problem }) => `${type} ${name} (${problem ?? state})`);
  const more = named.length > MOST_NAMED ? [`${named.length - MOST_NAMED} more`] : [];
  const foreign = of("foreign").length > 0;
  return failed(
    [...named.slice(0, MOST_NAMED), ...more].join("; "),
    foreign ? "Choose another --prefix, or take them over with `windops setup --adopt`." : "Run `windops setup`.",
  );
}

export async function checkSubscriptions(patient: Patient): Promise<Outcome> {
  const { pipeline } = await patient.what();
  const { arns } = identities(pipeline);
  const all = await subscriptions(await pipeline.clients.sns(), arns.topic);
  const waiting = all.filter(({ pending }) => pending).map(({ endpoint }) => endpoint);
  if (waiting.length > 0) {
    const how =
      pipeline.target.kind === "local" ? "Run `windops local inbox --confirm`." : "Open the link in AWS's mail.";
    return failed(`not confirmed: ${waiting.join(", ")}`, how);
  }
  if (all.length === 0) return warning("nobody has subscribed", "Run `windops subscribe EMAIL`.");
  return ok(all.map(({ endpoint }) => endpoint).join(", "));
}
