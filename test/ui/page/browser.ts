import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { type Browser, chromium, type Page } from "playwright-core";
import type { Machine } from "../../e2e/windops.ts";
import { says } from "../../e2e/windops.ts";

const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
export const browsable = existsSync(executablePath) || process.env.CI === "true";
if (!browsable) console.log(`The page isn't tested: there is no Chromium at ${executablePath} (set CHROMIUM).`);

/** Everything shares two cores with other tests: only what hangs takes so long. */
export const PATIENCE = 90_000;

export async function openBrowser(): Promise<Browser> {
  return chromium.launch({
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
}

/** A page that notes what broke on it and what it asked of others than its server. */
export async function openPage(browser: Browser, url: string): Promise<{ page: Page; broken: string[] }> {
  const broken: string[] = [];
  const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
  page.setDefaultTimeout(PATIENCE);
  page.on("pageerror", (error) => broken.push(String(error)));
  page.on("console", (message) => {
    // The browser itself says so when a server is away.
    if (message.type() === "error" && !/Failed to load resource/.test(message.text())) broken.push(message.text());
  });
  page.on("request", (request) => {
    const asked = new URL(request.url());
    if (asked.protocol !== "data:" && asked.hostname !== "127.0.0.1") broken.push(`asked ${asked}`);
  });
  await page.goto(url);
  return { page, broken };
}

/** `windops ui` and the link that it prints. */
export async function startUi(machine: Machine, ...args: string[]) {
  const ui = machine.start("ui", ...args);
  const url = (await says(ui.stdout, /^http:\S+\n/)).trim();
  return { ui, url };
}

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What axe-core objects to in what is shown now. */
export async function violations(page: Page): Promise<string[]> {
  // By the debugger's way: the page's own policy lets no script in.
  await page.evaluate(axe);
  return page.evaluate("axe.run().then((r) => r.violations.map((v) => v.id + ': ' + v.nodes[0].html))");
}

/** The view that the navigation's link leads to; resolves when its heading stands. */
export async function goTo(page: Page, name: string): Promise<void> {
  await page.getByRole("navigation").getByRole("link", { name }).click();
  await page.getByRole("heading", { level: 1, name }).waitFor();
}
