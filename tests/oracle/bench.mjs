// Playwright as the one to compare with: a process that reads orders from stdin, one JSON object a line, and
// answers each with a line. It does the flow of tests/guests/examples/ten_steps.rs as a user would write it.
import { createInterface } from "node:readline";
import { chromium } from "playwright";
import { expect } from "playwright/test";

const ORDERS = { launch, connect, flows, open, actions, act, close };
/** The actions of tests/conformance/trips.rs, by their names there. */
const ACTIONS = {
  goto: (page, { url }) => page.goto(url),
  fill: (page) => page.locator("#name").fill("Ada"),
  "fill with nothing": (page) => page.locator("#name").fill(""),
  "fill an editable element": (page) => page.locator("[contenteditable]").fill("rich"),
  click: (page) => page.locator("button").click(),
  "double click": (page) => page.locator("button").dblclick(),
  hover: (page) => page.locator("i").hover(),
  check: (page) => page.locator("#box").check(),
  "check what is checked": (page) => page.locator("#box").check(),
  uncheck: (page) => page.locator("#box").uncheck(),
  select: (page) => page.locator("select").selectOption("b"),
  focus: (page) => page.locator("#name").focus(),
  press: (page) => page.locator("#name").press("a"),
  expect: (page) => expect(page.locator("p")).toBeVisible(),
  text: (page) => page.locator("p").textContent(),
  count: (page) => page.locator("p").count(),
  "is visible": (page) => page.locator("p").isVisible(),
  "all texts": (page) => page.locator("p").allInnerTexts(),
  box: (page) => page.locator("p").boundingBox(),
  title: (page) => page.title(),
  viewport: (page) => page.setViewportSize({ width: 800, height: 600 }),
  screenshot: (page) => page.screenshot(),
  "screenshot of an element": (page) => page.locator("p").screenshot(),
  "click that navigates": (page) => page.locator("a").click(),
  "go back": (page) => page.goBack(),
  reload: (page) => page.reload(),
};

let browser = null;
let page = null;

for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line);
  const answer = await ORDERS[order.do](order);
  process.stdout.write(`${JSON.stringify(answer ?? {})}\n`);
}

async function launch({ executable }) {
  browser = await chromium.launch({ executablePath: executable });
}

async function connect({ address }) {
  browser = await chromium.connectOverCDP(address);
}

/** So many flows, so many at once; the milliseconds of each part of each, and of all. */
async function flows({ url, runs, workers }) {
  const samples = [];
  let left = runs;
  const began = performance.now();
  const work = async () => {
    while (left-- > 0) samples.push(await flow(url));
  };
  await Promise.all(Array.from({ length: workers }, work));
  return { took: performance.now() - began, samples };
}

async function flow(url) {
  const began = performance.now();
  const context = await browser.newContext();
  const page = await context.newPage();
  const opened = performance.now();
  await page.goto(url);
  const loaded = performance.now();
  await page.getByLabel("First name").fill("Ada");
  await page.getByLabel("Last name").fill("Lovelace");
  await page.getByLabel("Email").fill("ada@example.org");
  await page.getByLabel("City").fill("London");
  await page.getByLabel("Country").selectOption("United Kingdom");
  await page.getByLabel("Newsletter").check();
  await page.getByLabel("Terms").check();
  await page.getByRole("button", { name: "Send" }).click();
  await expect(page.getByRole("status")).toHaveText("Thank you, Ada");
  const ended = performance.now();
  await context.close();
  return { open: opened - began, goto: loaded - opened, steps: ended - loaded };
}

async function open() {
  page = await (await browser.newContext()).newPage();
}

async function actions() {
  return Object.keys(ACTIONS);
}

async function act(order) {
  await ACTIONS[order.name](page, order);
}

async function close() {
  await browser?.close();
  browser = null;
}
