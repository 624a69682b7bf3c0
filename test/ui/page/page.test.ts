import { KinesisClient, PutRecordsCommand } from "@aws-sdk/client-kinesis";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Finished, finished, Machine, says } from "../../e2e/windops.ts";
import { clientOptions } from "../../local/stack-fixture.ts";
import { startProxy } from "../../proxy.ts";
import { browsable, goTo, openBrowser, openPage, PATIENCE, startUi, violations } from "./browser.ts";

const VIEWS = ["Farm", "Alerts", "Simulator", "Pipeline"];
const HOSTILE = [`"><img src=x onerror="document.title='owned'">`, "\u001b]0;x\u0007 \u202egnp.exe"];
/** As the page writes what would drive a terminal or turn the text around. */
const SHOWN = [HOSTILE[0]!, "\\u001b]0;x\\u0007 \\u202egnp.exe"];

describe.runIf(browsable)("the page in Chromium", { timeout: 2 * PATIENCE }, () => {
  const machine = new Machine();
  let browser: Browser;
  let page: Page;
  let origin: string;
  let ui: Awaited<ReturnType<typeof startUi>>["ui"];
  let broken: string[];
  /** What `windops ui` said before there was a pipeline. */
  let unset: Finished;

  beforeAll(async () => {
    machine.env.WINDOPS_EMAIL = "operator@example.org";
    machine.env.WINDOPS_UI_TOKEN = "a-token-that-stays";
    unset = await machine.run("ui", "--json", "--port", "0", "--ui-port", "0");
    await machine.json("setup", "--port", "0");
    const started = await startUi(machine, "--ui-port", "0");
    ui = started.ui;
    origin = new URL(started.url).origin;
    browser = await openBrowser();
    ({ page, broken } = await openPage(browser, started.url));
  }, PATIENCE);
  afterAll(async () => {
    await browser?.close();
    if (ui) {
      ui.kill("SIGINT");
      await finished(ui);
    }
    await machine.close();
  });

  const view = (name: string) => goTo(page, name);
  const button = (name: string) => page.getByRole("button", { name });
  const seen = (selector: string, count: number) =>
    page
      .locator(selector)
      .nth(count - 1)
      .waitFor();
  const connection = (state: string) => page.locator(`html[data-connection="${state}"]`).waitFor();

  /** A turbine with an anomaly, whatever its state is by now: one that is heard no more falls silent. */
  async function disturbedTurbine(): Promise<void> {
    await view("Alerts");
    await page.locator(".alert a").first().click();
    await page.locator(".plot canvas").waitFor();
  }

  /** Readings as the Flink application would have scored them. */
  async function putScored(...readings: object[]): Promise<void> {
    const kinesis = new KinesisClient(clientOptions(await machine.endpoint()));
    const Records = readings.map((reading) => ({ PartitionKey: "x", Data: Buffer.from(JSON.stringify(reading)) }));
    await kinesis.send(new PutRecordsCommand({ StreamName: "AnomalyDetectionStream", Records }));
    kinesis.destroy();
  }

  it("is no page where nothing is set up: says so in one document, and no link", () => {
    expect(unset.code).toBe(1);
    expect(JSON.parse(unset.stdout).error).toMatchObject({ code: "E_NO_STREAM", hint: /windops setup/ });
  });

  it("says what to do where there is nothing to show yet", async () => {
    await page.getByRole("heading", { name: "No turbine has been heard yet" }).waitFor();
    expect(await violations(page)).toEqual([]);
    await page.getByRole("link", { name: "Go to the simulator" }).click();
    await page.getByRole("heading", { name: "Simulator" }).waitFor();
    await view("Alerts");
    await page.getByText("No anomaly so far.").waitFor();
    await view("Pipeline");
    await seen('.hop[data-health="warn"] .fix', 1);
    await page.getByText("Confirm the subscription in its mail: view Alerts.").waitFor();
    expect(await violations(page)).toEqual([]);
  });

  it("tells the tutorial's story by clicks alone: confirm, start, three alerts, each told", async () => {
    await view("Alerts");
    const confirm = button("Confirm this subscription");
    await confirm.first().waitFor();
    // One for the notifications, one for the alarms of the pipeline itself.
    for (let waiting = await confirm.count(); waiting > 0; waiting--) {
      const said = page.getByText("Confirmed: this address gets the notifications.");
      const before = await said.count();
      await confirm.first().click();
      await said.nth(before).waitFor();
    }
    await view("Simulator");
    await button("Start Wind Speed Data Set").click();
    await page.getByText(/"turbineId":/).waitFor();
    await button("Start Wind Speed Anomaly Data Set").click();
    await page.getByText(/"turbineId":/).waitFor();
    await view("Alerts");
    await seen('.alert[data-state="sent"]', 3);
    expect(await page.locator(".alert").count()).toBe(3);
    const said = page.getByText("What the notification said");
    await said.nth(2).waitFor();
    await said.first().click();
    await page.getByText("Wind that doesn't belong there was measured").first().waitFor();
    await view("Farm");
    await seen('.card[data-status="anomaly"]', 3);
    // The ordinary wind goes on behind the anomalies.
    await view("Simulator");
    await button("Start Wind Speed Anomaly Data Set").and(page.locator(":enabled")).waitFor();
    await button("Stop Wind Speed Data Set").click();
    await button("Start Wind Speed Data Set").and(page.locator(":enabled")).waitFor();
    const [acknowledged, sent] = await page.locator(".counts dd").allTextContents();
    expect(acknowledged).toBe(sent);
    await page.reload();
    await view("Farm");
    await seen(".card", 10);
  });

  it("shows a turbine's history: its anomaly, what was said, the readings as a table", async () => {
    await disturbedTurbine();
    await page.getByText("Wind that doesn't belong there was measured").waitFor();
    await seen(".found", 1);
    await page.getByText("Newest readings as a table").click();
    await seen("main details tbody tr", 20);
    // The lines end where the readings do, after more have come too.
    const time = Date.now() + 3_600_000;
    const turbineId = (await page.getByRole("heading", { level: 1 }).textContent())!;
    const reading = { turbineId, location: "Oak Ridge", score: 0.4 };
    await putScored(
      { ...reading, speed: 7.25, timestamp: new Date(time) },
      { ...reading, speed: 8.75, timestamp: new Date(time + 1000) },
    );
    await page.getByRole("cell", { name: "8.8" }).first().waitFor();
    await page.getByRole("cell", { name: "7.3" }).first().waitFor();
  });

  it.each([0, 1])("shows a turbine with a hostile name as text: %i", async (which) => {
    await view("Farm");
    await putScored({
      turbineId: HOSTILE[which],
      location: "<b>here</b>",
      speed: 9,
      score: 0.4,
      timestamp: new Date(),
    });
    const card = page.locator(".card", { hasText: SHOWN[which]! });
    await card.click();
    await page.getByRole("heading", { name: SHOWN[which]!, exact: true }).waitFor();
    await page.locator(".plot canvas").waitFor();
    expect(await page.locator("main img, main b").count()).toBe(0);
    expect(await page.title()).toBe(`${SHOWN[which]} · windops`);
  });

  it.each([...VIEWS, "turbine"])("axe finds nothing in %s: light, dark, phone", async (name) => {
    if (name === "turbine") {
      await disturbedTurbine();
    } else await view(name);
    if (name === "Pipeline") await seen(".hop", 5);
    for (const [colorScheme, width] of [
      ["light", 1400],
      ["dark", 1400],
      ["dark", 390],
    ] as const) {
      await page.setViewportSize({ width, height: 900 });
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      expect(await violations(page), `${colorScheme}, ${width}`).toEqual([]);
    }
    await page.setViewportSize({ width: 1400, height: 900 });
  });

  it("fits a phone and a wall screen: nothing to scroll sideways", async () => {
    const long = "a-turbine-with-a-name-that-is-longer-than-any-card-or-telephone-is-wide-".repeat(3);
    await putScored({ turbineId: long, location: long, speed: 9, score: 0.4, timestamp: new Date() });
    for (const [width, height] of [
      [360, 740],
      [2560, 1440],
    ] as const) {
      await page.setViewportSize({ width, height });
      for (const name of [...VIEWS, "turbine"]) {
        await view(name === "turbine" ? "Farm" : name);
        if (name === "turbine") {
          await page.locator(".card", { hasText: long }).click();
          await page.locator(".plot canvas").waitFor();
        }
        const over = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
        expect(over, `${name}, ${width}`).toBeLessThanOrEqual(0);
      }
    }
    await page.setViewportSize({ width: 1400, height: 900 });
  });

  it("is used by keyboard: skip link, views, a turbine and back, with the focus where one reads on", async () => {
    await page.goto(origin);
    await seen(".card", 10);
    const focused = () => page.evaluate("document.activeElement.textContent.trim() || document.activeElement.id");
    await page.keyboard.press("Tab");
    expect(await focused()).toBe("Skip to the content");
    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    // Anomalies stand before the cards.
    expect(await page.evaluate("document.activeElement.closest('.latest li').dataset.status")).toBe("anomaly");
    // What has the focus keeps it when the list is drawn anew.
    const first = await focused();
    const later = new Date(Date.now() + 7_200_000);
    await putScored({ turbineId: first, location: "Oak Ridge", speed: 40, score: 500, timestamp: later });
    await page.locator(".latest", { hasText: "40.0 m/s" }).waitFor();
    expect(await focused()).toBe(first);
    await page.locator(".card").first().focus();
    await page.keyboard.press("Enter");
    await page.locator(".plot canvas").waitFor();
    expect(await page.evaluate("document.activeElement.id")).toBe("view");
    await page.keyboard.press("Tab");
    expect(await focused()).toBe("← All turbines");
    await page.goBack();
    await seen(".card", 10);
  });

  it("says that the data is stale while the server hangs, and goes on when it is back", async () => {
    await view("Farm");
    await connection("live");
    ui.kill("SIGSTOP");
    await connection("stale");
    await page.getByText(/What you see is \d+ s old/).waitFor();
    // Once for a screen reader, without the seconds.
    await page.locator("#announce", { hasText: /^Stale$/ }).waitFor({ state: "attached" });
    await page.emulateMedia({ colorScheme: "light" });
    const objections = await violations(page);
    ui.kill("SIGCONT");
    expect(objections).toEqual([]);
    await connection("live");
  });

  it("goes on after a restart of the server and a loss of the network, and says when the token is another", async () => {
    const port = new URL(origin).port;
    const network = await page.context().newCDPSession(page);
    await network.send("Network.enable");
    const offline = (on: boolean) =>
      network.send("Network.emulateNetworkConditions", {
        offline: on,
        latency: 0,
        downloadThroughput: -1,
        uploadThroughput: -1,
      });
    const stop = async () => {
      ui.kill("SIGINT");
      const { code } = await finished(ui);
      // Ctrl-C is how it ends: nothing went wrong, and nothing hangs.
      expect([0, 130]).toContain(code);
    };
    await stop();
    await connection("lost");
    expect(await violations(page)).toEqual([]);
    // What comes meanwhile is shown too, once it is back.
    const reading = { turbineId: "heard-while-away", location: "Oak Ridge", speed: 9, score: 0.4 };
    await putScored({ ...reading, timestamp: new Date() });
    await offline(true);
    ui = (await startUi(machine, "--ui-port", port)).ui;
    await connection("lost");
    await offline(false);
    await connection("live");
    await page.locator(".card", { hasText: "heard-while-away" }).waitFor();
    machine.env.WINDOPS_UI_TOKEN = "another-token";
    await stop();
    const second = await startUi(machine, "--ui-port", port);
    ui = second.ui;
    await page.getByText("The server has another token now: open the link that windops ui printed").waitFor();
    expect(await violations(page)).toEqual([]);
    await page.goto(second.url);
    await connection("live");
  });

  it("says when the pipeline doesn't answer, with what to do, and goes on when it is back", async () => {
    const { port } = new URL(await machine.endpoint());
    await machine.run("local", "down");
    await view("Pipeline");
    await page.getByText("The pipeline doesn't answer: the embedded stack isn't running. Start it with").waitFor();
    await seen(".hop", 5);
    expect(await violations(page)).toEqual([]);
    await machine.json("local", "up", "--port", port);
    await page.locator("#trouble").waitFor({ state: "hidden" });
    await view("Farm");
    const reading = { turbineId: "heard-again", location: "Oak Ridge", speed: 9, score: 0.4 };
    await putScored({ ...reading, timestamp: new Date() });
    await page.locator(".card", { hasText: "heard-again" }).waitFor();
  });

  it("moves nothing for who wants no motion", async () => {
    await view("Farm");
    await putScored({ turbineId: "odd", location: "Oak Ridge", speed: 30, score: 9, timestamp: new Date() });
    await page.locator('.card[data-status="anomaly"]', { hasText: "odd" }).waitFor();
    const moving = () =>
      page.evaluate(`getComputedStyle(document.querySelector('.card[href$="odd"]'), "::after").animationName`);
    await page.emulateMedia({ reducedMotion: "no-preference" });
    expect(await moving()).toBe("alarm");
    await page.emulateMedia({ reducedMotion: "reduce" });
    expect(await moving()).toBe("none");
  });

  it("shows a part of the history: the newest by a button, another by dragging, all by a double click", async () => {
    await disturbedTurbine();
    const pressed = page.locator('button[aria-pressed="true"]');
    await pressed.and(page.getByText("All", { exact: true })).waitFor();
    await button("Last 10 minutes").click();
    await pressed.and(page.getByText("Last 10 minutes")).waitFor();
    const { x, y, width, height } = (await page.locator(".u-over").boundingBox())!;
    await page.mouse.move(x + width * 0.3, y + height / 2);
    await page.mouse.down();
    await page.mouse.move(x + width * 0.6, y + height / 2, { steps: 3 });
    await page.mouse.up();
    await pressed.waitFor({ state: "detached" });
    await page.mouse.dblclick(x + width / 2, y + height / 2);
    await pressed.and(page.getByText("All", { exact: true })).waitFor();
    // The wheel with Shift moves what Ctrl and the wheel zoomed into.
    await page.keyboard.down("Control");
    await page.mouse.wheel(0, -300);
    await page.keyboard.up("Control");
    await pressed.waitFor({ state: "detached" });
  });

  it("draws speed and score on a terminal too: tail, status --watch", async () => {
    const tail = machine.terminal("tail", "AnomalyDetectionStream", "--since", "start", "--limit", "200");
    const { code, stdout } = await finished(tail);
    expect(code).toBe(0);
    expect(stdout).toMatch(/cedar-point-01 .* m\/s {2}score +\d+\.\d\d {2}[▁-█]{5,} {2}[▁-█]{5,}\r\n/);
    const status = machine.terminal("status", "--watch", "1s");
    // It shows what comes while it watches: a reading for each time that it draws.
    const drawn = says(status.stdout, /Speed: [ ▁-█]*[▁-█] \d+\.\d m\/s/).then(() => true);
    const reading = { turbineId: "watched", location: "Oak Ridge", speed: 9, score: 0.4 };
    while (!(await Promise.race([drawn, says(status.stdout, /Storing:/).then(() => false)]))) {
      await putScored({ ...reading, timestamp: new Date() });
    }
    status.stdin.write("\x03");
    const { code: interrupted } = await finished(status);
    expect(interrupted).toBe(130);
  });

  it("applies the threshold that the slider says, and nothing before", async () => {
    await view("Pipeline");
    await page.getByText(/This is the threshold now/).waitFor();
    await page.getByRole("slider").fill("3");
    const preview = page.getByText(/From 3\.0 on: \d+ anomal.* The threshold is 2\.0 until you apply it/);
    await preview.waitFor();
    await page.reload();
    await page.getByText(/From 2\.0 on: .* This is the threshold now/).waitFor();
    await page.getByRole("slider").fill("3");
    await button("Apply").click();
    await page.getByText("Applied: from 3 on.").waitFor();
    await page.getByText(/From 3\.0 on: .* This is the threshold now/).waitFor();
  });

  it("only reads where the target is another than the embedded stack, and says which account", async () => {
    Object.assign(machine.env, { AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test", AWS_REGION: "us-east-1" });
    const proxy = await startProxy(await machine.endpoint());
    const { endpoint } = proxy;
    const remote = await startUi(machine, "--aws", "--endpoint-url", endpoint, "--ui-port", "0");
    const { page: other, broken: brokenThere } = await openPage(browser, remote.url);
    await other.getByText(`${endpoint}, account 000000000000, us-east-1: read only`).waitFor();
    await other.locator(".card").nth(9).waitFor();
    await goTo(other, "Pipeline");
    await other.locator(".hop").nth(4).waitFor();
    await other.getByRole("slider").fill("4");
    await other.getByRole("button", { name: "Apply" }).click();
    await other.getByText("The page changes nothing but the embedded stack.").waitFor();
    await goTo(other, "Alerts");
    await other.locator(".alert").nth(2).waitFor();
    // Nobody's inbox is looked into.
    expect(await other.getByText("Inbox").isVisible()).toBe(false);
    expect(await violations(other)).toEqual([]);
    const writes = () => new Set(proxy.calls.filter(({ read }) => !read).map(({ operation }) => operation));
    expect(proxy.calls.length).toBeGreaterThan(10);
    expect([...writes()]).toEqual([]);
    await goTo(other, "Simulator");
    await other.getByRole("button", { name: "Start Wind Speed Data Set" }).click();
    await other.getByText(/"turbineId":/).waitFor();
    expect([...writes()]).toEqual(["PutRecords"]);
    remote.ui.kill("SIGINT");
    await finished(remote.ui);
    await proxy.close();
    expect(brokenThere).toEqual([]);
  });

  it("lets nobody in without the token, asked nobody else for anything, and broke nothing meanwhile", async () => {
    expect((await fetch(origin)).status).toBe(401);
    expect(broken).toEqual([]);
  });
});
