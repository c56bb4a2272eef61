// Counts a vitest report: what passed, what failed, and what looks like neither but is a failure.

/** Returns { passed, failed, complaints }; a missing report, a file that does not load and (if asked) a skipped test count as failed. */
export function tally(report, exitCode, { skipsFail }) {
  if (!report) return { passed: 0, failed: 1, complaints: ["the test run ended without a report"] };
  const tests = report.testResults.flatMap((file) => file.assertionResults.map((test) => ({ file: file.name, ...test })));
  const count = (status) => tests.filter((test) => test.status === status);
  const complaints = [
    ...report.testResults.filter((file) => file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed")).map((file) => `${file.name}: did not load or clean up (${firstLine(file.message)})`),
    ...(skipsFail ? tests.filter((test) => ["skipped", "pending", "todo"].includes(test.status)).map((test) => `${test.file}: skipped: ${test.fullName}`) : []),
  ];
  const failed = count("failed").length + complaints.length;
  if (failed === 0 && exitCode !== 0) return { passed: count("passed").length, failed: 1, complaints: [`all tests passed but the run ended with code ${exitCode} (an unhandled error?)`] };
  return { passed: count("passed").length, failed, complaints };
}

function firstLine(text) {
  return (text ?? "").split("\n")[0] || "no message";
}
