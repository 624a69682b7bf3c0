import type { ServiceFactory } from "./service.ts";

/** Every service of the embedded stack, by its name in `Stack.call`. */
export const services: Record<string, () => Promise<ServiceFactory>> = {
  cloudwatch: async () => (await import("./cloudwatch.ts")).cloudwatch,
  dynamodb: async () => (await import("./dynamodb.ts")).dynamodb,
  ec2: async () => (await import("./ec2.ts")).ec2,
  iam: async () => (await import("./iam.ts")).iam,
  kinesis: async () => (await import("./kinesis.ts")).kinesis,
  kinesisanalytics: async () => (await import("./kinesisanalytics/service.ts")).kinesisAnalytics,
  logs: async () => (await import("./logs.ts")).logs,
  scheduler: async () => (await import("./scheduler.ts")).scheduler,
  lambda: async () => (await import("./lambda/lambda.ts")).lambda,
  quotas: async () => (await import("./quotas.ts")).quotas,
  s3: async () => (await import("./s3.ts")).s3,
  sns: async () => {
    const { sns } = await import("./sns.ts");
    return (stack) => sns(stack, process.env);
  },
  ssm: async () => (await import("./ssm.ts")).ssm,
  sts: async () => (await import("./sts.ts")).sts,
};
