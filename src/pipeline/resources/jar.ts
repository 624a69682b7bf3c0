import { createHash } from "node:crypto";
import { orAbsent } from "../../aws/failures.ts";
import { HeadObjectCommand, PutObjectCommand } from "../../aws/s3.ts";
import { type Jar, notBuilt } from "../flink/jar.ts";
import { compare, type Pipeline, type Resource } from "../resource.ts";
import { ids } from "../settings/identities.ts";

export interface JarState {
  sha256: string | undefined;
  versionId: string | undefined;
  bytes: number;
}

/** The Flink job's jar in the bucket. The application is given the version: the same key alone isn't picked up. */
export function jarObject({ clients, names }: Pipeline, load: () => Promise<Jar | undefined>): Resource<JarState> {
  const at = { Bucket: names.bucket, Key: names.jarKey };
  let loaded: { jar: Jar; sha256: string } | undefined;
  const local = async () => {
    const jar = loaded ? undefined : await load();
    if (jar) loaded = { jar, sha256: createHash("sha256").update(jar.bytes).digest("hex") };
  };
  const upload = async (condition: { IfNoneMatch?: "*" } = {}) => {
    const { jar, sha256 } = loaded!;
    const s3 = await clients.s3();
    await s3.send(
      new PutObjectCommand({
        ...at,
        ...condition,
        Body: jar.bytes,
        ContentType: "application/java-archive",
        Metadata: { sha256, kind: jar.kind },
      }),
    );
  };
  return {
    id: ids.jar,
    type: "Jar",
    name: names.jarKey,
    step: "upload-jar",
    needs: [ids.bucket],
    partOf: ids.bucket,
    holdsData: true,
    async read() {
      const s3 = await clients.s3();
      const [head] = await Promise.all([orAbsent(s3.send(new HeadObjectCommand(at))), local()]);
      if (!head) return undefined;
      return { sha256: head.Metadata?.sha256, versionId: head.VersionId, bytes: head.ContentLength ?? 0 };
    },
    // Where none is built here, the one in the bucket is left as it is.
    diff: (state) =>
      loaded === undefined
        ? []
        : [
            ...compare("content (sha256)", state.sha256 ?? "unknown", loaded.sha256),
            ...compare("bytes", state.bytes, loaded.jar.bytes.byteLength),
          ],
    check(state) {
      if (state === undefined && loaded === undefined) throw notBuilt();
    },
    // Two set-ups at once would make two versions of the same jar, and each would restart the application with its own.
    create: () => upload({ IfNoneMatch: "*" }),
    update: () => upload(),
    passes: ({ name }) => name === "PreconditionFailed" || name === "ConditionalRequestConflict",
  };
}
