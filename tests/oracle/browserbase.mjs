// The official SDK of Browserbase, for two tests: `requests` makes each call once, so that what it sends can be compared;
// `emulator` uses an emulated service as a user would, browser included, and says what came of it.

import Browserbase, { toFile } from '@browserbasehq/sdk';
import { chromium } from 'playwright-core';

const [what, address, key, site] = process.argv.slice(2);
const client = new Browserbase({ apiKey: key, baseURL: address });

async function requests() {
  await client.sessions.create({
    api_timeout: 600,
    keepAlive: true,
    region: 'eu-central-1',
    browserSettings: { viewport: { width: 1280, height: 720 }, recordSession: false },
    userMetadata: { flowguard: 'any' },
  });
  await client.sessions.retrieve('s');
  await client.sessions.list({ status: 'RUNNING', q: "user_metadata['a']:'b c'" });
  await client.sessions.update('s', { status: 'REQUEST_RELEASE' });
  await client.sessions.debug('s');
  await client.sessions.logs.list('s');
  await client.sessions.recording.downloads.create('s');
  await client.sessions.recording.downloads.list('s');
  await client.sessions.replays.retrieve('s');
  await (await client.sessions.replays.retrievePage('s', '0')).text();
  await (await client.sessions.downloads.list('s')).arrayBuffer();
  await client.sessions.uploads.create('s', { file: await toFile(Buffer.from('one,two'), 'numbers.csv') });
  await client.contexts.create({ name: 'ann' });
  await client.contexts.retrieve('c');
  await client.contexts.delete('c d');
  await client.projects.list();
  await client.projects.retrieve('p');
  await client.projects.usage('p');
}

async function failure(call) {
  try {
    await call();
    return 'none';
  } catch (error) {
    return `${error.constructor.name} ${error.status}`;
  }
}

async function emulator() {
  const told = {};
  const once = new Browserbase({ apiKey: key, baseURL: address, maxRetries: 0 });
  const context = await client.contexts.create({ name: 'Ann' });
  const session = await client.sessions.create({
    keepAlive: true,
    region: 'ap-southeast-1',
    browserSettings: { context: { id: context.id, persist: true } },
    userMetadata: { stagehand: { run: 'nightly' } },
  });
  told.created = [session.status, session.region, session.contextId === context.id];
  const found = await client.sessions.list({ status: 'RUNNING', q: "user_metadata['stagehand']['run']:'nightly'" });
  told.found = found.map(({ id }) => id === session.id);
  told.tooMany = await failure(() => once.sessions.create());

  const browser = await chromium.connectOverCDP(session.connectUrl);
  const [defaultContext] = browser.contexts();
  const [page] = defaultContext.pages();
  told.blank = page.url();
  const cdp = await browser.newBrowserCDPSession();
  await cdp.send('Browser.setDownloadBehavior', { behavior: 'allow', downloadPath: 'downloads', eventsEnabled: true });
  const downloaded = new Promise((resolve) =>
    cdp.on('Browser.downloadProgress', (event) => event.state === 'completed' && resolve()),
  );
  await page.goto(site);
  told.title = await page.title();
  const live = await client.sessions.debug(session.id);
  told.live = live.pages.map((page) => page.title);
  const view = await fetch(live.debuggerFullscreenUrl);
  told.view = [view.status, (await view.text()).includes('<img')];
  await page.evaluate(() => {
    const link = document.createElement('a');
    link.download = 'note.txt';
    link.href = 'data:text/plain,hello';
    link.click();
  });
  await downloaded;
  const zip = Buffer.from(await (await client.sessions.downloads.list(session.id)).arrayBuffer());
  told.downloads = [zip.subarray(0, 2).toString(), zip.includes('note.txt')];
  told.uploaded = (await client.sessions.uploads.create(session.id, { file: await toFile(Buffer.from('x'), 'x.csv') })).message;
  told.recordingTooEarly = await failure(() => once.sessions.recording.downloads.create(session.id));
  told.logged = (await client.sessions.logs.list(session.id)).some((log) => log.method === 'Page.frameNavigated');
  await browser.close();

  told.kept = (await client.sessions.retrieve(session.id)).status;
  told.released = (await client.sessions.update(session.id, { status: 'REQUEST_RELEASE' })).status;
  told.ended = (await client.sessions.retrieve(session.id)).status;
  told.liveTooLate = await failure(() => client.sessions.debug(session.id));
  const { downloads } = await client.sessions.recording.downloads.create(session.id);
  const made = (await client.sessions.recording.downloads.list(session.id)).downloads;
  told.recordings = [downloads, made].map((films) => films.map((film) => film.status));
  const film = await fetch(made[0].downloadUrl);
  told.film = [film.status, Buffer.from(await film.arrayBuffer()).subarray(0, 2).toString()];
  told.played = (await (await client.sessions.replays.retrievePage(session.id, '0')).text()).startsWith('#EXTM3U');
  told.absent = await failure(() => client.sessions.retrieve('nobody'));
  told.stranger = await failure(() =>
    new Browserbase({ apiKey: 'wrong', baseURL: address, maxRetries: 0 }).projects.list(),
  );
  told.sameName = await failure(() => once.contexts.create({ name: 'ann' }));
  await client.contexts.delete(context.id);
  const [project] = await client.projects.list();
  told.usage = (await client.projects.usage(project.id)).browserMinutes;
  console.log(JSON.stringify(told));
}

await { requests, emulator }[what]();
