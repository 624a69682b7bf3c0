import { arn } from "../../aws/partition.ts";
import type { Pipeline } from "../resource.ts";
import { type Identities, identities } from "../settings/identities.ts";
import type { Statement } from "../settings/policies.ts";
import { PROOF_NAMESPACE } from "../settings/proof-metric.ts";
import { OWNER_TAG } from "../settings/tags.ts";
import { QUOTAS } from "./quotas.ts";

export type Where = Pick<Pipeline, "target" | "names" | "settings">;

/** The ARNs behind the names of resources in `rights.ts`: this pipeline's own wherever IAM can tell them apart. */
export function resourceArns(where: Where): Record<string, string[]> {
  const { target } = where;
  const identity = identities(where);
  const { arns, roles, logGroups } = identity;
  const role = (what: keyof Identities["roles"]) => [arns.role(roles[what])];
  const ec2 = (kind: string) => arn(target, "ec2", `${kind}/*`);
  const image = arn({ ...target, account: "" }, "ec2", "image/*");
  return {
    all: ["*"],
    alarms: [arns.alarm(`${identity.alarmPrefix}*`)],
    application: [arns.application],
    bucket: [arns.bucket],
    // One pattern for both streams: the name is that of `tail --efo` alone.
    consumers: [arn(target, "kinesis", "stream/*/consumer/windops-tail-*:*")],
    deliveryFunction: [arns.deliveryFunction],
    flinkRole: role("flink"),
    functionRoles: [...role("destination"), ...role("delivery")],
    functions: [arns.destinationFunction, arns.deliveryFunction],
    images: [arn({ ...target, account: "" }, "ssm", "parameter/aws/service/ami-amazon-linux-latest/*")],
    indexes: [`${arns.table}/index/*`],
    instanceParts: [image, ...["network-interface", "security-group", "subnet", "volume"].map(ec2)],
    instanceProfile: [arns.instanceProfile],
    instances: [ec2("instance")],
    // A log group's own ARN, and with what is in it: actions differ in which of the two they ask for.
    logGroups: Object.values(logGroups).flatMap((name) => [arns.logGroup(name), `${arns.logGroup(name)}:*`]),
    logStreams: [`${arns.logGroup(logGroups.flink)}:log-stream:*`],
    mappings: [arn(target, "lambda", "event-source-mapping:*")],
    networks: [ec2("vpc")],
    objects: [`${arns.bucket}/*`],
    principals: [arn(target, "iam", "role/*"), arn(target, "iam", "user/*")],
    quotas: QUOTAS.map(({ service, code }) => arn(target, "servicequotas", `${service}/${code}`)),
    roles: Object.values(roles).map(arns.role),
    schedule: [arn(target, "scheduler", `schedule/${identity.scheduleGroup}/${identity.schedule}`)],
    scheduleGroup: [arns.scheduleGroup],
    scheduleRole: role("schedule"),
    securityGroups: [ec2("security-group")],
    simulatorRole: role("simulator"),
    streams: [arns.inputStream, arns.outputStream],
    tables: [arns.table, arns.alertTable],
    tagged: [ec2("instance"), ec2("security-group")],
    topics: [arns.topic, arns.healthTopic],
  };
}

/** The conditions that `rights.ts` names. */
export function conditions({ target, names, settings }: Where): Record<string, NonNullable<Statement["Condition"]>> {
  const { arns } = identities({ target, names, settings });
  const domain = target.partition === "aws-cn" ? "amazonaws.com.cn" : "amazonaws.com";
  const passedTo = (service: string) => ({ StringEquals: { "iam:PassedToService": service } });
  return {
    creating: { StringEquals: { "ec2:CreateAction": ["CreateSecurityGroup", "RunInstances"] } },
    // Mappings have no names: whose they are is told by the function that they call.
    ofDestination: { ArnLike: { "lambda:FunctionArn": arns.destinationFunction } },
    // Metrics have no resources; figures may be put into our namespace alone.
    ofProofs: { StringEquals: { "cloudwatch:namespace": PROOF_NAMESPACE } },
    ours: { StringEquals: { [`aws:ResourceTag/${OWNER_TAG}`]: names.pipeline } },
    passedToEc2: passedTo(`ec2.${domain}`),
    passedToFlink: passedTo("kinesisanalytics.amazonaws.com"),
    passedToLambda: passedTo("lambda.amazonaws.com"),
    passedToScheduler: passedTo("scheduler.amazonaws.com"),
    taggedOurs: { StringEquals: { [`aws:RequestTag/${OWNER_TAG}`]: names.pipeline } },
  };
}
