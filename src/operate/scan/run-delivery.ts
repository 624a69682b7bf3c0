import type { LambdaClient } from "@aws-sdk/client-lambda";
import { InvokeCommand } from "../../aws/lambda.ts";
import { WindopsError } from "../../io/errors/errors.ts";

/** Runs the delivery over the whole table and waits for it. Throws `WindopsError` where it isn't there or fails. */
export async function runDelivery(lambda: LambdaClient, functionName: string): Promise<{ told: number }> {
  try {
    const { FunctionError, Payload } = await lambda.send(
      new InvokeCommand({ FunctionName: functionName, Payload: "{}" }),
    );
    const answer = JSON.parse(new TextDecoder().decode(Payload ?? new Uint8Array()) || "{}");
    if (!FunctionError) return { told: Number(answer.told ?? 0) };
    throw new WindopsError("E_DELIVERY", `The delivery failed: ${answer.errorMessage ?? FunctionError}`, {
      hint: `What it couldn't tell is kept for its next run. Its log: windops logs ${functionName}`,
    });
  } catch (error) {
    if ((error as Error).name !== "ResourceNotFoundException") throw error;
    throw new WindopsError("E_NO_FUNCTION", `There is no function "${functionName}".`, {
      hint: "Run `windops setup`.",
      cause: error,
    });
  }
}
