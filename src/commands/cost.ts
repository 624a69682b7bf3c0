import { number, rate } from "../io/parse.ts";
import { defineCommand } from "../io/terminal/command.ts";
import { costLines } from "./cost-table.ts";

export const command = defineCommand({
  name: "cost",
  summary: "what the pipeline costs an hour and a month, before it is created",
  description:
    "Says what a pipeline with these settings costs an hour and a month: what it costs while it stands, and what it costs by use under the load given. Nothing is called; the prices are in the program, with their date.",
  options: [
    {
      flags: "--turbines <n>",
      description: "turbines of the farm, which the plan is sized for (default 10)",
      parse: number("--turbines", { min: 1, max: 10_000_000, integer: true }),
    },
    { flags: "--rate <n/s>", description: "readings a second in all (default one a turbine)", parse: rate("--rate") },
    {
      flags: "--anomalies <n>",
      description: "anomalies a day in all (default one a turbine and week)",
      parse: number("--anomalies", { min: 0 }),
    },
  ],
  examples: ["windops cost", "windops cost --turbines 200 --rate 20/s --region us-west-2"],
  async run(ctx, _, { turbines, rate, anomalies }) {
    const [{ costSettings, settingsCost }, { farmOf }] = await Promise.all([
      import("../pipeline/cost/plan-cost.ts"),
      import("../pipeline/settings/sizing.ts"),
    ]);
    const settings = costSettings({ ...ctx, env: farmOf(ctx.env, { turbines, rate }) });
    return settingsCost(settings, settings.turbines, {
      ...(settings.rate !== undefined && { readingsPerSecond: settings.rate }),
      ...(anomalies !== undefined && { anomaliesPerDay: anomalies }),
    });
  },
  render: (result, io) => {
    for (const line of costLines(result)) io.out(line);
  },
});
