// A trace of ours, read by Playwright's own viewer. Asked with the browser, the file, the title of an action and what is
// of interest; answers with one line of JSON: what the viewer shows of that when the action is chosen.

import { createReadStream } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { dirname, extname, join, normalize } from "node:path";
import { chromium } from "playwright-core";

const [executablePath, trace, chosen, ...parts] = process.argv.slice(2);
const viewer = join(
  dirname(createRequire(import.meta.url).resolve("playwright-core/package.json")),
  "lib/vite/traceViewer",
);
const types = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".zip": "application/zip" };

const server = createServer((request, response) => {
  const { pathname } = new URL(request.url, "http://viewer");
  const file = pathname === "/trace.zip" ? trace : join(viewer, normalize(pathname.replace("/viewer/", "/")));
  response.setHeader("content-type", types[extname(file)] ?? "application/octet-stream");
  createReadStream(file)
    .on("error", () => response.writeHead(404).end())
    .pipe(response);
});
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const address = `http://127.0.0.1:${server.address().port}`;

const browser = await chromium.launch({ executablePath });
try {
  const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
  page.setDefaultTimeout(20_000);
  await page.goto(`${address}/viewer/index.html?trace=${address}/trace.zip`);
  const tree = page.getByTestId("actions-tree");
  const action = tree.getByRole("treeitem").filter({ hasText: chosen }).last();
  await action.locator(".action-title").first().click();
  const shown = {
    actions: () => tree.locator(".action-title-method").allInnerTexts(),
    inside: () => action.locator("xpath=ancestor::*[@role='treeitem']").count(),
    before: () => picture(page, "Before"),
    after: () => picture(page, "After"),
    body: () => body(page, "shop.js"),
    source: () => source(page),
  };
  const answer = {};
  for (const part of parts) answer[part] = await (shown[part] ?? (() => tab(page, part)))();
  console.log(JSON.stringify(answer));
} finally {
  await browser.close();
  server.close();
}

/** The picture of the page that a tab shows: its width, and how many colours it has. */
async function picture(page, name) {
  await page.getByRole("tab", { name, exact: true }).click();
  const frame = page.frameLocator("iframe.snapshot-visible");
  const image = frame.locator("img");
  await image.waitFor();
  return await image.evaluate((image) => {
    const canvas = document.createElement("canvas");
    canvas.width = image.naturalWidth;
    canvas.height = image.naturalHeight;
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0);
    const pixels = new Uint32Array(context.getImageData(0, 0, canvas.width, canvas.height).data.buffer);
    return { width: canvas.width, colours: new Set(pixels).size };
  });
}

async function tab(page, name) {
  await page.getByRole("tab", { name: new RegExp(`^${name}`) }).click();
  return await page.getByRole("tabpanel", { name: new RegExp(`^${name}`) }).innerText();
}

/** What a request of the network was answered. */
async function body(page, name) {
  await page.getByRole("tab", { name: /^Network/ }).click();
  await page.getByRole("tabpanel", { name: /^Network/ }).getByText(name, { exact: true }).click();
  await page.getByRole("tab", { name: "Response" }).click();
  const lines = page.getByRole("tabpanel", { name: "Response" }).locator(".CodeMirror-line");
  return await lines.filter({ hasText: /\w/ }).first().innerText();
}

/** The line that is marked, once the file is there. */
async function source(page) {
  await page.getByRole("tab", { name: "Source" }).click();
  return await page.locator(".source-line-running").innerText();
}
