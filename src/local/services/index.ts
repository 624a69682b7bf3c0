import type { ServiceFactory } from "../service.ts";

/** Every service of the embedded stack, by its name in `Stack.call`. */
export const services: Record<string, () => Promise<ServiceFactory>> = {
  cloudwatch: async () => (await import("./cloudwatch/service.ts")).cloudwatch,
  dynamodb: async () => (await import("./dynamodb/service.ts")).dynamodb,
  ec2: async () => (await import("./ec2/service.ts")).ec2,
  iam: async () => (await import("./iam/service.ts")).iam,
  kinesis: async () => (await import("./kinesis/service.ts")).kinesis,
  kinesisanalytics: async () => (await import("./kinesisanalytics/service.ts")).kinesisAnalytics,
  logs: async () => (await import("./logs/service.ts")).logs,
  scheduler: async () => (await import("./scheduler/service.ts")).scheduler,
  lambda: async () => (await import("./lambda/service.ts")).lambda,
  quotas: async () => (await import("./quotas/service.ts")).quotas,
  s3: async () => (await import("./s3/service.ts")).s3,
  sns: async () => {
    const { sns } = await import("./sns/service.ts");
    return (stack) => sns(stack, process.env);
  },
  ssm: async () => (await import("./ssm/service.ts")).ssm,
  sts: async () => (await import("./sts/service.ts")).sts,
};
