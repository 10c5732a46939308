/** Failed and cached calls have another form too, for readers who can't tell the colours apart. */
export const STYLE = `
:root { color-scheme: light dark; --ink: #1c2330; --dim: #5a6475; --line: #d9dee7; --page: #fff; --card: #f4f6fa;
  --ok: #2563c9; --wait: #b7cdf2; --tool: #c3c9d4; --failed: #b3261e; --names: 340px; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6eaf2; --dim: #a0abbd; --line: #343d4d; --page: #12161d; --card: #1c222c;
    --ok: #6ea4ff; --wait: #34507f; --tool: #4d586b; --failed: #ff8a80; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 14px/1.45 system-ui, sans-serif; }
main { max-width: 1200px; margin: 0 auto; padding: 24px; }
h1 { font-size: 20px; margin: 0; overflow-wrap: anywhere; }
code { font: 0.9em ui-monospace, monospace; }
.when { color: var(--dim); margin: 4px 0 12px; }
ul { display: flex; flex-wrap: wrap; gap: 8px; list-style: none; margin: 0 0 24px; padding: 0; }
.sums li { background: var(--card); border-radius: 6px; padding: 6px 12px; overflow-wrap: anywhere; min-width: 0; }
.row { display: grid; grid-template-columns: var(--names) minmax(0, 1fr) 76px 130px 92px; column-gap: 12px;
  align-items: center; padding: 3px 0; list-style: none; }
summary { cursor: pointer; }
summary::-webkit-details-marker { display: none; }
summary .name::before { content: "▸"; color: var(--dim); margin-left: -22px; width: 14px; flex: none; font-size: 11px; }
details[open] > summary .name::before { content: "▾"; }
summary:focus-visible { outline: 2px solid var(--ok); }
.head { color: var(--dim); font-size: 12px; border-bottom: 1px solid var(--line); margin-bottom: 4px; }
.name { display: flex; align-items: baseline; gap: 8px; min-width: 0; padding-left: calc(22px + var(--depth, 0) * 16px); }
.label { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; min-width: 2em; }
.name.own .label { font-weight: 600; }
.label a { color: inherit; }
.kind { color: var(--dim); font-size: 12px; flex: none; }
strong { font-weight: 500; font-size: 12px; border: 1px solid; border-radius: 4px; padding: 0 4px; white-space: nowrap; flex: none; }
strong.failed, .error { color: var(--failed); }
.track { position: relative; height: 12px; }
.ticks span { position: absolute; top: -3px; white-space: nowrap; }
.bar { position: absolute; top: 1px; bottom: 1px; min-width: 3px; border-radius: 2px; background: var(--ok); overflow: hidden; }
.wait { position: absolute; inset: 0 auto 0 0; background: var(--wait); }
.bar.tool { background: var(--tool); }
.bar.step { top: 5px; bottom: 5px; border-radius: 0; background: var(--dim); }
.bar.failed { background: repeating-linear-gradient(45deg, var(--failed) 0 3px, var(--page) 3px 5px); border: 1px solid var(--failed); }
.bar.cached { background: var(--page); border: 1px solid var(--ok); min-width: 5px; }
.bar.no-end { background: linear-gradient(to right, var(--ok), transparent); }
.bar.stopped { border-right: 3px double var(--ink); }
.took, .tokens, .cost { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; overflow: hidden; text-overflow: ellipsis; }
.took, .tokens { color: var(--dim); }
.note { margin: 0 0 4px; padding-left: calc(22px + var(--depth, 0) * 16px); font-size: 13px; color: var(--dim); overflow-wrap: anywhere; }
.legend { gap: 4px 16px; margin: 24px 0 0; padding-top: 12px; border-top: 1px solid var(--line); color: var(--dim); font-size: 12px; }
.legend i { display: inline-block; position: static; width: 18px; height: 8px; margin-right: 6px; border-radius: 2px; background: var(--ok); }
.legend .wait { background: var(--wait); }
.legend .tool { background: var(--tool); }
.legend .step { height: 2px; vertical-align: middle; background: var(--dim); }
.legend .failed { background: repeating-linear-gradient(45deg, var(--failed) 0 3px, var(--page) 3px 5px); border: 1px solid var(--failed); }
.legend .cached { background: none; border: 1px solid var(--ok); }
@media (max-width: 960px) { :root { --names: 240px; } .row { grid-template-columns: var(--names) minmax(0, 1fr) 70px 110px 80px; } }
@media (max-width: 720px) {
  main { padding: 12px; }
  .row { grid-template-columns: minmax(0, 1fr) 70px 108px; column-gap: 8px; row-gap: 1px; padding: 5px 0; }
  .name { grid-column: 1 / 3; padding-left: calc(22px + var(--depth, 0) * 10px); }
  .note { padding-left: calc(22px + var(--depth, 0) * 10px); }
  .cost { grid-column: 3; grid-row: 1; }
  .track { grid-row: 2; }
  .took, .tokens { font-size: 12px; }
  .ticks span:nth-child(even) { display: none; }
  .head .took, .head .tokens { visibility: hidden; }
}
@media print { main { max-width: none; } .row { break-inside: avoid; } }
`;
