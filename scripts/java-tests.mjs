// Whether Java's tests run, and what it means where they can't.

/**
 * @param {{ all: boolean, java: boolean, ci: boolean }} given `all`: the whole suite is run, `java`: a JDK and Maven are there,
 *   `ci`: a skip is a failure
 * @returns {{ run: boolean, skipped?: string, failed: boolean }}
 */
export function javaTests({ all, java, ci }) {
  if (!all || java) return { run: all, failed: false };
  const skipped = "SKIPPED: the Flink job's tests (they need a JDK 17 and Maven on the PATH).";
  return { run: false, skipped, failed: ci };
}
