import { orAbsent } from "../../aws/failures.ts";
import {
  CreateEventSourceMappingCommand,
  DeleteEventSourceMappingCommand,
  ListEventSourceMappingsCommand,
  UpdateEventSourceMappingCommand,
} from "../../aws/lambda.ts";
import { compare, type Pipeline, type Resource } from "../resource.ts";
import { DESTINATION_MAPPING } from "../settings/functions.ts";
import { identities, ids } from "../settings/identities.ts";

interface TriggerState {
  uuid: string;
  status: string;
  problem: string | undefined;
  settings: Record<string, unknown>;
}

/**
 * The event source mapping that calls the destination function with scored readings. A batch that the function gives up is kept whole in the
 * bucket (an S3 destination gets the records; SQS and SNS would get their positions only).
 */
export function trigger(pipeline: Pipeline): Resource<TriggerState> {
  const { clients, names, tags: wanted } = pipeline;
  const { arns } = identities(pipeline);
  const of = { FunctionName: names.destinationFunction, EventSourceArn: arns.outputStream };
  const { StartingPosition, ...changeable } = DESTINATION_MAPPING;
  const settings = {
    ...changeable,
    FunctionResponseTypes: [...changeable.FunctionResponseTypes],
    DestinationConfig: { OnFailure: { Destination: arns.bucket } },
  };
  return {
    id: ids.trigger,
    type: "Event source mapping",
    name: `${names.outputStream} to ${names.destinationFunction}`,
    step: "attach-triggers",
    needs: [
      ids.destinationFunction,
      ids.deliveryFunction,
      ids.outputStream,
      ids.bucket,
      ids.table,
      ids.alertTable,
      ids.topic,
      ids.role("destination"),
    ],
    partOf: ids.destinationFunction,
    async read() {
      const lambda = await clients.lambda();
      const page = await orAbsent(lambda.send(new ListEventSourceMappingsCommand(of)));
      const found = page?.EventSourceMappings?.[0];
      if (!found) return undefined;
      const { LastProcessingResult: last } = found;
      return {
        uuid: found.UUID!,
        status: found.State ?? "",
        problem: last && !/^(OK|No records processed)$/i.test(last) ? last : undefined,
        settings: { ...found, DestinationConfig: { OnFailure: found.DestinationConfig?.OnFailure ?? {} } },
      };
    },
    pending: ({ status }) => (/^(Enabled|Disabled)$/.test(status) ? undefined : status),
    diff: (state) => [
      ...compare("state", state.status, "Enabled"),
      ...Object.entries(settings).flatMap(([key, value]) => compare(key, state.settings[key], value)),
    ],
    unhealthy: ({ problem }) => problem,
    async create() {
      const lambda = await clients.lambda();
      await lambda.send(new CreateEventSourceMappingCommand({ ...of, ...settings, StartingPosition, Tags: wanted }));
    },
    async update({ uuid }) {
      const lambda = await clients.lambda();
      const { FunctionName } = of;
      await lambda.send(new UpdateEventSourceMappingCommand({ UUID: uuid, FunctionName, ...settings, Enabled: true }));
    },
    // A mapping outlives its function.
    async remove({ uuid, status }) {
      if (status === "Deleting") return;
      const lambda = await clients.lambda();
      await lambda.send(new DeleteEventSourceMappingCommand({ UUID: uuid }));
    },
    // A role just made can't read the stream yet; a function just made isn't known everywhere.
    passes: (error) =>
      /Cannot access stream|not authorized to perform|Function does not exist|Function not found|execution role does not have permissions|could not be found/i.test(
        error.message,
      ),
  };
}
