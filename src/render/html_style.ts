/** Failed calls are hatched, for readers who can't tell the colours apart. */
export const STYLE = `
:root { color-scheme: light dark; --ink: #1c2330; --dim: #5a6475; --line: #d9dee7; --page: #fff; --card: #f4f6fa;
  --ok: #2563c9; --failed: #c0262d; --cached: #27795a; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6eaf2; --dim: #a0abbd; --line: #343d4d; --page: #12161d; --card: #1c222c;
    --ok: #6ea4ff; --failed: #ff7b80; --cached: #55c795; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 1200px; margin: 0 auto; padding: 24px; }
h1 { font-size: 20px; margin: 0; overflow-wrap: anywhere; }
code { font: 0.9em ui-monospace, monospace; }
.when { color: var(--dim); margin: 4px 0 12px; }
.sums { display: flex; flex-wrap: wrap; gap: 8px; list-style: none; margin: 0 0 24px; padding: 0; }
.sums li { background: var(--card); border-radius: 6px; padding: 6px 12px; }
.waterfall { margin-bottom: 32px; }
.call, .axis { display: grid; grid-template-columns: 180px minmax(0, 1fr) 140px; gap: 12px; align-items: center; padding: 3px 0; }
.name { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.track { position: relative; height: 16px; background: var(--card); border-radius: 3px; overflow: hidden; }
.bar { position: absolute; top: 0; bottom: 0; min-width: 3px; border-radius: 3px; background: var(--ok); }
.bar.failed { background: repeating-linear-gradient(45deg, var(--failed) 0 5px, var(--page) 5px 7px); }
.bar.cached { background: var(--cached); }
.bar.no-end { background: linear-gradient(to right, var(--ok), transparent); }
.took { color: var(--dim); font-size: 13px; white-space: nowrap; }
.ticks { grid-column: 2; display: flex; justify-content: space-between; color: var(--dim); font-size: 12px; }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding-bottom: 8px; }
th, td { text-align: left; vertical-align: top; padding: 6px 16px 6px 0; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
th { color: var(--dim); font-size: 13px; font-weight: 500; white-space: nowrap; }
@media (min-width: 961px) {
  td:not(:nth-child(4)):not(:nth-child(8)) { white-space: nowrap; }
  th:nth-child(4), th:nth-child(8) { min-width: 190px; }
}
strong { font-weight: 500; white-space: nowrap; }
strong.failed { color: var(--failed); font-weight: 700; }
.error { display: block; color: var(--dim); font-size: 13px; overflow-wrap: anywhere; }
@media (max-width: 960px) {
  main { padding: 16px; }
  .call { grid-template-columns: minmax(0, 1fr) auto; gap: 0 8px; }
  .track { grid-column: 1 / -1; grid-row: 2; }
  .axis { grid-template-columns: minmax(0, 1fr); }
  .ticks { grid-column: 1; }
  table, tbody, tr, caption { display: block; }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  tr { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); border-bottom: 1px solid var(--line); padding: 8px 0; }
  td { display: grid; grid-template-columns: 80px minmax(0, 1fr); order: 2; border: 0; padding: 2px 0; }
  td:nth-child(4) { order: 1; }
  td:nth-child(8) { order: 3; }
  td:nth-child(4), td:nth-child(8) { grid-column: 1 / -1; }
  td::before { content: attr(data-head); color: var(--dim); font-size: 13px; }
  td .error { grid-column: 1 / -1; }
}
`;
