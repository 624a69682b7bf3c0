/** The sample export that the README and the docs speak of: a column of each name that their commands use. */
export function scada() {
  const rows = Array.from(
    { length: 300 },
    (_, i) => `${new Date(Date.UTC(2026, 0, 1) + i * 600_000).toISOString()},T01,${(8 + Math.sin(i / 9)).toFixed(2)}`,
  );
  return `time,turbine,wind\n${rows.join("\n")}\n`;
}
