import {
  type Application,
  type Configuration,
  conditionalToken,
  type OperationRecord,
  type SnapshotRecord,
} from "./model.ts";

/** ApplicationDetail. */
export function detail(app: Application): object {
  return {
    ApplicationARN: app.arn,
    ApplicationDescription: app.configuration.description,
    ApplicationName: app.name,
    RuntimeEnvironment: app.configuration.runtime,
    ServiceExecutionRole: app.configuration.role,
    ApplicationStatus: app.state,
    ApplicationVersionId: app.version,
    ApplicationVersionUpdatedFrom: app.updatedFrom,
    CreateTimestamp: new Date(app.createdAt),
    LastUpdateTimestamp: new Date(app.updatedAt),
    ApplicationVersionCreateTimestamp: new Date(app.versionAt),
    ApplicationConfigurationDescription: {
      ...configurationDescription(app.configuration),
      RunConfigurationDescription: {
        ApplicationRestoreConfigurationDescription: {
          ApplicationRestoreType: app.run.restoreType,
          SnapshotName: app.run.snapshotName,
        },
        FlinkRunConfigurationDescription: { AllowNonRestoredState: app.run.allowNonRestoredState },
      },
    },
    CloudWatchLoggingOptionDescriptions: app.configuration.logging,
    ApplicationMaintenanceConfigurationDescription: {
      ApplicationMaintenanceWindowStartTime: "06:00",
      ApplicationMaintenanceWindowEndTime: "14:00",
    },
    ConditionalToken: conditionalToken(app),
    ApplicationMode: app.mode,
  };
}

function configurationDescription(c: Configuration): object {
  const { location, md5, size } = c.code;
  return {
    ApplicationCodeConfigurationDescription: {
      CodeContentType: "ZIPFILE",
      CodeContentDescription: {
        CodeMD5: md5,
        CodeSize: size,
        S3ApplicationCodeLocationDescription: {
          BucketARN: location.bucketArn,
          FileKey: location.fileKey,
          ObjectVersion: location.objectVersion,
        },
      },
    },
    FlinkApplicationConfigurationDescription: {
      CheckpointConfigurationDescription: c.checkpoint,
      MonitoringConfigurationDescription: c.monitoring,
      ParallelismConfigurationDescription: { ...c.parallelism, CurrentParallelism: c.parallelism.Parallelism },
    },
    EnvironmentPropertyDescriptions: { PropertyGroupDescriptions: c.propertyGroups },
    ApplicationSnapshotConfigurationDescription: { SnapshotsEnabled: c.snapshotsEnabled },
    ApplicationSystemRollbackConfigurationDescription: { RollbackEnabled: c.rollbackEnabled },
  };
}

export function summary(app: Application): object {
  return {
    ApplicationName: app.name,
    ApplicationARN: app.arn,
    ApplicationStatus: app.state,
    ApplicationVersionId: app.version,
    RuntimeEnvironment: app.configuration.runtime,
    ApplicationMode: app.mode,
  };
}

export function snapshotDetails(snapshot: SnapshotRecord): object {
  return {
    SnapshotName: snapshot.name,
    SnapshotStatus: snapshot.state,
    ApplicationVersionId: snapshot.version,
    SnapshotCreationTimestamp: new Date(snapshot.createdAt),
    RuntimeEnvironment: snapshot.runtime,
  };
}

export function operationInfo(operation: OperationRecord): object {
  return {
    Operation: operation.operation,
    OperationId: operation.id,
    StartTime: new Date(operation.startedAt),
    EndTime: operation.endedAt === undefined ? undefined : new Date(operation.endedAt),
    OperationStatus: operation.status,
  };
}

export function operationDetails(operation: OperationRecord): object {
  return {
    ...operationInfo(operation),
    ApplicationVersionChangeDetails:
      operation.versionFrom === undefined
        ? undefined
        : {
            ApplicationVersionUpdatedFrom: operation.versionFrom,
            ApplicationVersionUpdatedTo: operation.versionTo,
          },
    OperationFailureDetails:
      operation.error === undefined ? undefined : { ErrorInfo: { ErrorString: operation.error } },
  };
}
