import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { copyFile, mkdir, rename, stat } from "node:fs/promises";
import { join } from "node:path";
import type { ObjectRead, Stack } from "../service.ts";
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
  await mkdir(join(folder, "code"), { recursive: true });
  const temporary = join(folder, "code", `.${process.pid}-${Math.floor(stack.random() * 2 ** 32)}`);
  await copyFile(object.path, temporary);
  const sha256 = createHash("sha256");
  const md5 = createHash("md5");
  for await (const chunk of createReadStream(temporary)) {
    sha256.update(chunk);
    md5.update(chunk);
  }
  const code = { location, sha256: sha256.digest("hex"), md5: md5.digest("hex"), size: (await stat(temporary)).size };
  await rename(temporary, codePath(folder, code.sha256));
  return code;
}
