import { type Zippable, zipSync } from "fflate";

/** Zip bytes of `files` (path → content), the same for the same files: sorted, without times, owners or platform. */
export function zipBytes(files: Record<string, Uint8Array>): Uint8Array {
  const entries: Zippable = {};
  // The earliest time an entry can have. Zip times are local times, so this is the same bytes in every time zone.
  const mtime = new Date(1980, 0, 1);
  for (const path of Object.keys(files).sort()) {
    // Lambda needs its files readable by others (0644), which lives in the upper half of a Unix entry's attributes.
    entries[path] = [files[path]!, { mtime, os: 3, attrs: 0o100644 << 16, level: 9 }];
  }
  return zipSync(entries);
}
