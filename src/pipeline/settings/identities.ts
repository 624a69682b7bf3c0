import { arn } from "../../aws/partition.ts";
import type { Pipeline } from "../resource.ts";
import { alertTable } from "./functions.ts";

/** Names and ARNs of what the contract doesn't name, and ARNs of what it does: all known before anything exists. */
export function identities({ target, names, settings }: Omit<Pipeline, "tags" | "clients">) {
  const { prefix, region } = settings;
  const at = (service: string, resource: string) => arn(target, service, resource);
  // IAM's names are the account's, whatever the region: pipelines in two regions need two roles.
  const role = (what: string) => `${prefix}windops-${what}-${region}`;
  const roles = {
    flink: role("flink"),
    destination: role("destination"),
    delivery: role("delivery"),
    schedule: role("schedule"),
    simulator: role("simulator"),
  };
  const logGroups = {
    flink: `/aws/kinesis-analytics/${names.application}`,
    destination: `/aws/lambda/${names.destinationFunction}`,
    delivery: `/aws/lambda/${names.deliveryFunction}`,
  };
  const scheduleGroup = names.pipeline;
  const alerts = alertTable(names);
  const healthTopic = `${names.topic}-Health`;
  return {
    roles,
    logGroups,
    flinkLogStream: "kinesis-analytics-log-stream",
    alertTable: alerts,
    healthTopic,
    scheduleGroup,
    schedule: "AnomalyMessageDelivery",
    simulatorInstance: `${prefix}Wind Turbine Simulator`,
    simulatorGroup: `${names.pipeline}-simulator`,
    alarmPrefix: `${names.pipeline}-`,
    arns: {
      bucket: at("s3", names.bucket),
      jar: at("s3", `${names.bucket}/${names.jarKey}`),
      inputStream: at("kinesis", `stream/${names.inputStream}`),
      outputStream: at("kinesis", `stream/${names.outputStream}`),
      application: at("kinesisanalytics", `application/${names.application}`),
      destinationFunction: at("lambda", `function:${names.destinationFunction}`),
      deliveryFunction: at("lambda", `function:${names.deliveryFunction}`),
      table: at("dynamodb", `table/${names.table}`),
      alertTable: at("dynamodb", `table/${alerts}`),
      topic: at("sns", names.topic),
      healthTopic: at("sns", healthTopic),
      role: (name: string) => at("iam", `role/${name}`),
      instanceProfile: at("iam", `instance-profile/${roles.simulator}`),
      logGroup: (name: string) => at("logs", `log-group:${name}`),
      scheduleGroup: at("scheduler", `schedule-group/${scheduleGroup}`),
      alarm: (name: string) => at("cloudwatch", `alarm:${name}`),
    },
  };
}

export type Identities = ReturnType<typeof identities>;

/** Ids by which resources name each other. */
export const ids = {
  bucket: "bucket",
  jar: "jar",
  inputStream: "stream/input",
  outputStream: "stream/output",
  table: "table/readings",
  alertTable: "table/alerts",
  topic: "topic/notification",
  healthTopic: "topic/health",
  role: (what: "flink" | "destination" | "delivery" | "schedule" | "simulator") => `role/${what}`,
  logGroup: (what: "flink" | "destination" | "delivery") => `log-group/${what}`,
  logStream: "log-stream/flink",
  destinationFunction: "function/destination",
  deliveryFunction: "function/delivery",
  trigger: "trigger",
  application: "application",
  scheduleGroup: "schedule-group",
  schedule: "schedule",
  instanceProfile: "simulator/instance-profile",
  securityGroup: "simulator/security-group",
  simulatorCode: "simulator/code",
  instance: "simulator/instance",
  alarm: (name: string) => `alarm/${name}`,
  subscription: (topic: string, email: string) => `subscription/${topic}/${email}`,
} as const;
