// A HAR of ours, read by others: har-validator says whether it is one, and Playwright serves a page from it.
// Asked with the browser, the file and the page's address; answers with one line of JSON.

import { readFileSync } from "node:fs";
import * as validate from "har-validator";
import { chromium } from "playwright-core";

const [executablePath, file, address] = process.argv.slice(2);

async function errors(har) {
  try {
    await validate.har(har);
    return [];
  } catch (error) {
    return (error.errors ?? [error]).map((e) => `${e.dataPath ?? ""} ${e.message}`);
  }
}

async function replayed() {
  const browser = await chromium.launch({ executablePath });
  try {
    const page = await browser.newPage();
    await page.routeFromHAR(file, { notFound: "abort" });
    await page.goto(address);
    await page.waitForFunction(() => document.getElementById("out").textContent, null, { timeout: 10_000 });
    return await page.textContent("#out");
  } finally {
    await browser.close();
  }
}

const har = JSON.parse(readFileSync(file, "utf8"));
console.log(JSON.stringify({ errors: await errors(har), text: await replayed() }));
