import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { KinesisClient, PutRecordsCommand } from "@aws-sdk/client-kinesis";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { finished, Machine, says } from "../e2e/windops.ts";
import { clientOptions } from "../local/stack-fixture.ts";

const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
const browsable = existsSync(executablePath) || process.env.CI === "true";
if (!browsable) console.log(`The page isn't tested: there is no Chromium at ${executablePath} (set CHROMIUM).`);

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const HOSTILE = `"><img src=x onerror="document.title='owned'">`;

describe.runIf(browsable)("the page in Chromium", () => {
  const machine = new Machine();
  let browser: Browser;
  let page: Page;
  let origin: string;
  let ui: ReturnType<Machine["start"]>;
  const broken: string[] = [];

  beforeAll(async () => {
    machine.env.WINDOPS_EMAIL = "operator@example.org";
    await machine.json("setup", "--port", "0");
    ui = machine.start("ui", "--ui-port", "0");
    const url = (await says(ui.stdout, /^http:\S+\n/)).trim();
    origin = new URL(url).origin;
    browser = await chromium.launch({
      executablePath,
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
      ],
    });
    page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
    page.on("pageerror", (error) => broken.push(String(error)));
    page.on("console", (message) => message.type() === "error" && broken.push(message.text()));
    await page.goto(url);
  });
  afterAll(async () => {
    await browser?.close();
    if (ui) {
      ui.kill("SIGINT");
      await finished(ui);
    }
    await machine.close();
  });

  const view = (name: string) => page.getByRole("navigation").getByRole("link", { name }).click();
  const seen = (selector: string, count: number) =>
    page
      .locator(selector)
      .nth(count - 1)
      .waitFor();

  /** What axe-core objects to in what is shown now. */
  async function violations(): Promise<string[]> {
    // By the debugger's way: the page's own policy lets no script in.
    await page.evaluate(axe);
    return page.evaluate("axe.run().then((r) => r.violations.map((v) => v.id + ': ' + v.nodes[0].html))");
  }

  it("tells the tutorial's story by clicks alone: confirm, start, three alerts, each told", async () => {
    await view("Alerts");
    const confirm = page.getByRole("button", { name: "Confirm this subscription" });
    await confirm.first().waitFor();
    // One for the notifications, one for the alarms of the pipeline itself.
    const subscriptions = await confirm.count();
    for (let i = 0; i < subscriptions; i++) {
      await confirm.nth(i).click();
      await page.getByText("Confirmed: this address gets the notifications.").nth(i).waitFor();
    }
    await view("Simulator");
    await page.getByRole("button", { name: "Start Wind Speed Data Set" }).click();
    await page.getByText(/"turbineId":/).waitFor();
    await page.getByRole("button", { name: "Start Wind Speed Anomaly Data Set" }).click();
    await page.getByText(/"turbineId":/).waitFor();
    await view("Alerts");
    await seen('.alert[data-state="sent"]', 3);
    expect(await page.locator(".alert").count()).toBe(3);
    await page.getByText("What the notification said").first().click();
    await page.getByText("Wind that doesn't belong there was measured").first().waitFor();
    // The ordinary wind goes on behind the anomalies.
    await view("Simulator");
    await page
      .getByRole("button", { name: "Start Wind Speed Anomaly Data Set" })
      .and(page.locator(":enabled"))
      .waitFor();
    await page.getByRole("button", { name: "Stop Wind Speed Data Set" }).click();
    await page.getByRole("button", { name: "Start Wind Speed Data Set" }).and(page.locator(":enabled")).waitFor();
    await page.reload();
    await view("Farm");
    await seen(".card", 10);
  });

  it("shows a turbine with a hostile name as text", async () => {
    await view("Farm");
    const kinesis = new KinesisClient(clientOptions(await machine.endpoint()));
    const reading = { turbineId: HOSTILE, location: "<b>here</b>", speed: 9, score: 0.4, timestamp: new Date() };
    const Data = Buffer.from(JSON.stringify(reading));
    await kinesis.send(
      new PutRecordsCommand({ StreamName: "AnomalyDetectionStream", Records: [{ PartitionKey: "x", Data }] }),
    );
    kinesis.destroy();
    const card = page.locator(".card", { hasText: HOSTILE });
    await card.waitFor();
    await card.click();
    await page.getByRole("heading", { name: HOSTILE, exact: true }).waitFor();
    expect(await page.locator("main img, main b").count()).toBe(0);
    expect(await page.title()).toBe(`${HOSTILE} · windops`);
  });

  it.each(["Farm", "Alerts", "Simulator", "Pipeline", "turbine"])(
    "axe finds nothing in the view %s, in light and dark",
    async (name) => {
      if (name === "turbine") {
        await view("Farm");
        await page.locator(".card").first().click();
        await page.locator(".u-over").first().waitFor();
      } else await view(name);
      if (name === "Pipeline") await seen(".hop", 5);
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme });
        expect(await violations()).toEqual([]);
      }
    },
  );

  it("fits a phone and a wall screen: nothing to scroll sideways", async () => {
    for (const [width, height] of [
      [360, 740],
      [2560, 1440],
    ] as const) {
      await page.setViewportSize({ width, height });
      for (const name of ["Farm", "Alerts", "Simulator", "Pipeline"]) {
        await view(name);
        await page.getByRole("heading", { level: 1, name }).waitFor();
        expect(
          await page.evaluate("document.documentElement.scrollWidth - innerWidth"),
          `${name}, ${width}`,
        ).toBeLessThanOrEqual(0);
      }
    }
  });

  it("applies the threshold that the slider says, and nothing before", async () => {
    await view("Pipeline");
    await page.getByRole("slider").fill("3");
    const preview = page.getByText(/From 3\.0 on: \d+ anomalies .* The threshold is 2\.0 until you apply it/);
    await preview.waitFor();
    await page.getByRole("button", { name: "Apply" }).click();
    await page.getByText("Applied: from 3 on.").waitFor();
    await page.getByText("This is the threshold now.").waitFor();
  });

  it("lets nobody in without the token, and broke nothing meanwhile", async () => {
    expect((await fetch(origin)).status).toBe(401);
    expect(broken).toEqual([]);
  });
});
