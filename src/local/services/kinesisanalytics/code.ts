import { createHash, randomUUID } from "node:crypto";
import { createReadStream, rmSync } from "node:fs";
import { join } from "node:path";
import type { ObjectRead, Stack } from "../../service.ts";
import { copyWhole } from "../../storage/copy-file.ts";
import { type ApplicationCode, type CodeLocation, invalidArgument } from "./model.ts";

/** Bytes: https://docs.aws.amazon.com/managed-flink/latest/java/limits.html */
const CODE_LIMIT = 512 * 2 ** 20;

/** Where a version's code lies in the application's folder. */
export const codePath = (folder: string, sha256: string): string => join(folder, "code", `${sha256}.jar`);

/** Copies the code out of its bucket into the application's folder. Throws `AwsError` as the service words it. */
export async function fetchCode(stack: Stack, location: CodeLocation, folder: string): Promise<ApplicationCode> {
  const bucket = /^arn:aws[a-zA-Z-]*:s3:::(.+)$/.exec(location.bucketArn ?? "")?.[1];
  if (!bucket || !location.fileKey) throw invalidArgument("S3ContentLocation needs a BucketARN and a FileKey.");
  let object: ObjectRead;
  try {
    object = stack.object(bucket, location.fileKey, location.objectVersion);
  } catch {
    throw invalidArgument(
      `Please check the role provided or validity of S3 location you provided. We are unable to get the specified fileKey: ${location.fileKey} in the specified bucket: ${bucket}`,
    );
  }
  if (object.size > CODE_LIMIT) throw invalidArgument(`The application's code is larger than ${CODE_LIMIT} bytes.`);
  const sha256 = createHash("sha256");
  const md5 = createHash("md5");
  // The bucket's file is of this version: an object that is put again gets another one.
  for await (const chunk of createReadStream(object.path)) {
    sha256.update(chunk);
    md5.update(chunk);
  }
  const code = { location, sha256: sha256.digest("hex"), md5: md5.digest("hex"), size: object.size };
  await copyWhole(object.path, codePath(folder, code.sha256), join(incoming(stack), randomUUID()));
  return code;
}

/** Copies under way; what a killed process left of one goes at the next start. */
const incoming = (stack: Stack): string => join(stack.folder("kinesisanalytics"), "incoming");

export function sweepCopies(stack: Stack): void {
  rmSync(incoming(stack), { recursive: true, force: true });
}
