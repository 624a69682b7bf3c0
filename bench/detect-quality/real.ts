import { existsSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";

/** SCADA exports and their event lists, in ../shared/data/wind beside the repository. */
const FOLDER = new URL("../../../shared/data/wind/", import.meta.url);
const FILES = [
  { file: "marge_20200227_20200229.csv.gz", events: "events_marge.csv", time: "dtTimeStamp" },
  { file: "marge_20230101_20230103.csv.gz", events: "events_marge.csv", time: "dtTimeStamp" },
  { file: "homer_202307.csv.gz", events: "events_homer.csv", time: "TimeStamp_StartFormat" },
];

export interface RealFile {
  file: string;
  gales: { turbine: string; start: number; end: number }[];
  turbines: Map<string, { timestampMs: number; speed: number }[]>;
}

/** Nothing where the folder isn't there. */
export function realFiles(): RealFile[] {
  const folder = process.env.WIND_DATA ? new URL(`file://${process.env.WIND_DATA}/`) : FOLDER;
  if (!existsSync(folder)) return [];
  return FILES.map(({ file, events, time }) => {
    const rows = table(gunzipSync(readFileSync(new URL(file, folder))).toString());
    const turbines: RealFile["turbines"] = new Map();
    for (const row of rows) {
      if (row.WindSpeedMean === "") continue;
      const series = turbines.get(row.TurbineName!) ?? [];
      turbines.set(row.TurbineName!, series);
      series.push({ timestampMs: Date.parse(row[time]!), speed: Number(row.WindSpeedMean) });
    }
    for (const series of turbines.values()) series.sort((one, other) => one.timestampMs - other.timestampMs);
    const first = Math.min(...[...turbines.values()].map((series) => series[0]!.timestampMs));
    const last = Math.max(...[...turbines.values()].map((series) => series.at(-1)!.timestampMs));
    const gales = table(readFileSync(new URL(events, folder), "utf8"))
      .filter(({ kind }) => kind === "gale")
      .map((e) => ({ turbine: e.series!, start: Date.parse(`${e.start}Z`), end: Date.parse(`${e.end}Z`) }))
      .filter(({ start, end }) => end >= first && start <= last);
    return { file, gales, turbines };
  });
}

function table(text: string): Record<string, string>[] {
  const [header, ...lines] = text.trim().split("\n");
  const names = header!.split(",");
  return lines.map((line) => Object.fromEntries(line.split(",").map((cell, i) => [names[i]!, cell])));
}
