// Makes docs/images/*.png: the page as it is, with a stack of its own, after the tutorial's story. Needs a build and Chromium.
// node scripts/screenshot.mjs           the pictures of the docs
// node scripts/screenshot.mjs FOLDER    every view in light, dark, on a phone and on a wall, to look at
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { root } from "./prepare.mjs";

const all = process.argv[2];
const folder = all ?? join(root, "docs", "images");
const home = mkdtempSync(join(tmpdir(), "windops-screenshot-"));
const env = {
  PATH: process.env.PATH,
  HOME: home,
  WINDOPS_STATE_DIR: join(home, "state"),
  WINDOPS_EMAIL: "you@example.org",
};
const windops = (...args) =>
  spawn(process.execPath, [join(root, "bin", "windops.js"), ...args], { env, cwd: home, stdio: ["ignore", "pipe", 2] });
const done = (child) => new Promise((resolve) => child.once("exit", resolve));

/** Width, height and colour scheme. */
const screens = all
  ? { light: [1400, 900, "light"], dark: [1400, 900, "dark"], phone: [390, 844, "light"], wall: [2560, 1440, "dark"] }
  : { light: [1400, 730, "light"], dark: [1400, 730, "dark"] };
const views = all ? ["Farm", "Turbine", "Alerts", "Simulator", "Pipeline"] : ["Farm", "Turbine"];

let browser;
let ui;
try {
  mkdirSync(folder, { recursive: true });
  const code = await done(windops("setup", "--port", "0"));
  if (code !== 0) throw new Error(`windops setup ended with ${code}`);
  await done(windops("local", "inbox", "--confirm"));
  ui = windops("ui", "--ui-port", "0");
  const url = await new Promise((resolve) => ui.stdout.once("data", (data) => resolve(String(data).trim())));
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu"],
  });
  const page = await browser.newPage({ reducedMotion: "reduce" });
  page.setDefaultTimeout(120_000);
  await page.goto(url);
  /** Takes the picture of what is shown, on every screen. */
  const take = async (name) => {
    for (const [screen, [width, height, colorScheme]] of Object.entries(screens)) {
      await page.setViewportSize({ width, height });
      await page.emulateMedia({ colorScheme });
      // Two frames: one that lays out, one that paints the canvas.
      await page.evaluate("new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))");
      const path = join(folder, `${name}-${screen}.png`);
      await page.screenshot({ path, fullPage: screen === "phone" });
      console.log(path);
    }
  };
  const go = (name) => page.getByRole("navigation").getByRole("link", { name }).click();
  if (all) {
    await take("empty");
    await go("Alerts");
    await take("empty-alerts");
    await go("Pipeline");
    await page.locator(".hop").nth(4).waitFor();
    await take("empty-pipeline");
  }
  await go("Simulator");
  await page.getByRole("button", { name: "Start Wind Speed Anomaly Data Set" }).click();
  await go("Alerts");
  await page.locator('.alert[data-state="sent"] details').nth(2).waitFor();
  for (const view of views) {
    if (view === "Turbine") {
      await go("Farm");
      await page.locator('.card[data-status="anomaly"]').last().click();
      await page.locator(".plot canvas").waitFor();
    } else await go(view);
    if (view === "Pipeline") await page.locator(".hop").nth(4).waitFor();
    await take(view.toLowerCase());
  }
  if (all) {
    await done(windops("local", "down"));
    await page.getByText("The pipeline doesn't answer").waitFor();
    await take("trouble");
    await go("Farm");
    ui.kill("SIGINT");
    await page.getByText("No connection to the server").waitFor();
    await take("lost");
  }
} finally {
  await browser?.close();
  if (ui) {
    ui.kill("SIGINT");
    await done(ui);
  }
  await done(windops("local", "down"));
  rmSync(home, { recursive: true, force: true });
}
