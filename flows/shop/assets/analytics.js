// Counts what happens on the page. A shop would send the counts somewhere; this one keeps them.
"use strict";

const analytics = {
  counts: new Map(),
  track(event) {
    this.counts.set(event, (this.counts.get(event) ?? 0) + 1);
  },
};
