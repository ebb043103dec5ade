// Playwright as the oracle: one process that reads cases of the gallery from stdin, one JSON object a line, does
// each on a page of its lane, and writes a verdict a line. It judges nothing: the comparison is in the test.
import { createInterface } from "node:readline";
import { chromium } from "playwright";
import { act } from "./actions.mjs";
import { useTestIds } from "./locators.mjs";
import { failed } from "./outcomes.mjs";

const [executablePath] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath });
const lanes = new Map();

for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line);
  const lane = lanes.get(order.lane) ?? { before: Promise.resolve(), page: null };
  lanes.set(order.lane, lane);
  lane.before = lane.before.then(async () => tell({ id: order.id, ...(await answer(lane, order)) }));
}
await Promise.all([...lanes.values()].map((lane) => lane.before));
await browser.close();

function tell(answer) {
  process.stdout.write(`${JSON.stringify(answer, wellFormed)}\n`);
}

/** Half a pair of surrogates is no text outside of JavaScript. */
function wellFormed(_, value) {
  return typeof value === "string" ? value.toWellFormed() : value;
}

/** What one case gives on the lane's page; the page is loaded first where the order says so. */
async function answer(lane, order) {
  try {
    await load(lane, order);
  } catch (error) {
    return { outcome: "not loaded", message: String(error.message) };
  }
  const verdict = await verdictOf(lane.page, order);
  if (order.after) verdict.state = await stateOf(lane.page, order.after);
  return verdict;
}

async function load(lane, { url, waitUntil, touch }) {
  if (!url) return;
  // The page has a context of its own, which closes with it.
  await lane.page?.close();
  lane.page = await browser.newPage({ hasTouch: touch });
  // Playwright chooses the fonts of its pages; the browser's own makes boxes that can be compared.
  const session = await lane.page.context().newCDPSession(lane.page);
  await session.send("Page.setFontFamilies", { fontFamilies: { fixed: "Courier New" } });
  await lane.page.goto(url, { waitUntil });
}

async function verdictOf(page, order) {
  try {
    useTestIds(order.testIds);
    for (const step of order.first) await act(page, step);
  } catch (error) {
    return { outcome: "not begun", message: String(error.message) };
  }
  try {
    const value = await act(page, order);
    return { outcome: "passed", value: value ?? null, message: "" };
  } catch (error) {
    return failed(error);
  }
}

/** What an expression tells of the page afterwards, in the page's own world. */
async function stateOf(page, expression) {
  try {
    return (await page.evaluate(expression)) ?? null;
  } catch (error) {
    return `not evaluated: ${error.message}`;
  }
}
