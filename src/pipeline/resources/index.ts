import { alertsSchema, readingsSchema } from "../../contract/table-schema.ts";
import type { Jar } from "../flink/jar.ts";
import type { Pipeline, Resource, Step } from "../resource.ts";
import { DELIVERY, DESTINATION, deliveryEnvironment, destinationEnvironment } from "../settings/functions.ts";
import { type Identities, identities, ids } from "../settings/identities.ts";
import { rolePolicies, trust } from "../settings/policies.ts";
import { alarm, alarmSpecs, describeTogether } from "./alarm.ts";
import { application } from "./application.ts";
import { bucket } from "./bucket.ts";
import { lambdaFunction } from "./function.ts";
import { jarObject } from "./jar.ts";
import { logGroup, logStream } from "./log-group.ts";
import { role } from "./role.ts";
import { schedule, scheduleGroup } from "./schedule.ts";
import { stream } from "./stream.ts";
import { subscription } from "./subscription.ts";
import { table } from "./table.ts";
import { TOPIC_KEY, topic } from "./topic.ts";
import { trigger } from "./trigger.ts";

/** What is deployed: where the job's jar and the functions' zip files come from. */
export interface Artifacts {
  /** None where it isn't built: one in the bucket is then left as it is. */
  jar: () => Promise<Jar | undefined>;
  functionCode: (folder: string) => Promise<Uint8Array>;
}

/** Every resource of the pipeline, in the order in which a person would read them. */
export function pipelineResources(
  pipeline: Pipeline,
  artifacts: Artifacts,
  { running = false }: { running?: boolean } = {},
): Resource[] {
  const { names, settings } = pipeline;
  const identity = identities(pipeline);
  const { arns } = identity;
  const topics = [
    { id: ids.topic, name: names.topic, arn: arns.topic, key: TOPIC_KEY },
    { id: ids.healthTopic, name: identity.healthTopic, arn: arns.healthTopic, key: "" },
  ];
  const alarms = alarmSpecs(pipeline);
  const describe = describeTogether(alarms.map(({ name }) => name));
  return [
    bucket(pipeline),
    jarObject(pipeline, artifacts.jar),
    stream(pipeline, ids.inputStream, names.inputStream),
    stream(pipeline, ids.outputStream, names.outputStream),
    table(pipeline, { id: ids.table, name: names.table, arn: arns.table, schema: readingsSchema }),
    table(pipeline, { id: ids.alertTable, name: identity.alertTable, arn: arns.alertTable, schema: alertsSchema }),
    ...topics.map((spec) => topic(pipeline, spec)),
    ...roles(pipeline, identity),
    ...logGroups(pipeline, identity),
    logStream(pipeline, identity.logGroups.flink, identity.flinkLogStream),
    ...functions(pipeline, identity, artifacts),
    application(pipeline, { running }),
    trigger(pipeline),
    scheduleGroup(pipeline),
    schedule(pipeline),
    ...alarms.map((spec) => alarm(pipeline, spec, describe)),
    ...settings.email.flatMap((email) => topics.map((spec) => subscription(pipeline, spec, email))),
  ];
}

function roles(pipeline: Pipeline, { roles }: Identities): Resource[] {
  const rights = rolePolicies(pipeline, identities(pipeline));
  const { account } = pipeline.target;
  return [
    role(pipeline, {
      id: ids.role("flink"),
      name: roles.flink,
      step: "configure-flink",
      description: "Lets the Flink application read readings, write scored ones, and log",
      trust: trust("kinesisanalytics.amazonaws.com", account),
      rights: rights.flink,
    }),
    role(pipeline, {
      id: ids.role("destination"),
      name: roles.destination,
      step: "deploy-functions",
      description: "Lets the destination function read scored readings and store them",
      trust: trust("lambda.amazonaws.com"),
      rights: rights.destination,
    }),
    role(pipeline, {
      id: ids.role("delivery"),
      name: roles.delivery,
      step: "deploy-functions",
      description: "Lets the delivery function find anomalies and publish them",
      trust: trust("lambda.amazonaws.com"),
      rights: rights.delivery,
    }),
    role(pipeline, {
      id: ids.role("schedule"),
      name: roles.schedule,
      step: "attach-triggers",
      description: "Lets the schedule call the delivery function",
      trust: trust("scheduler.amazonaws.com", account),
      rights: rights.schedule,
    }),
  ];
}

function logGroups(pipeline: Pipeline, { logGroups, arns }: Identities): Resource[] {
  const group = (what: "flink" | "destination" | "delivery", step: Step) =>
    logGroup(pipeline, { id: ids.logGroup(what), name: logGroups[what], arn: arns.logGroup(logGroups[what]), step });
  return [
    group("flink", "configure-flink"),
    group("destination", "deploy-functions"),
    group("delivery", "deploy-functions"),
  ];
}

function functions(pipeline: Pipeline, identity: Identities, { functionCode }: Artifacts): Resource[] {
  const { names, settings } = pipeline;
  const { arns, roles, logGroups } = identity;
  return [
    lambdaFunction(pipeline, {
      id: ids.destinationFunction,
      name: names.destinationFunction,
      arn: arns.destinationFunction,
      description: "Stores scored readings",
      role: { id: ids.role("destination"), arn: arns.role(roles.destination) },
      logGroup: { id: ids.logGroup("destination"), name: logGroups.destination },
      ...DESTINATION,
      environment: destinationEnvironment(settings, names),
      code: () => functionCode(DESTINATION.folder),
    }),
    lambdaFunction(pipeline, {
      id: ids.deliveryFunction,
      name: names.deliveryFunction,
      arn: arns.deliveryFunction,
      description: "Notifies of anomalies, each once",
      role: { id: ids.role("delivery"), arn: arns.role(roles.delivery) },
      logGroup: { id: ids.logGroup("delivery"), name: logGroups.delivery },
      ...DELIVERY,
      environment: deliveryEnvironment(settings, names, arns.topic),
      code: () => functionCode(DELIVERY.folder),
    }),
  ];
}
