// What kind of end an error of Playwright is: the few words that both sides have in common.

/** The verdict of a call that threw. */
export function failed(error) {
  const message = String(error.message);
  if (/strict mode violation/.test(message)) return { outcome: "ambiguous", message };
  if (error.name === "TimeoutError") return { outcome: "timeout", message };
  // An assertion that was compared and did not hold; one that could not be compared names an error.
  const isCompared = error.matcherResult && !/^Error: (?!element\(s\) not found)/m.test(message);
  return { outcome: isCompared ? "failed" : "refused", message };
}
