/** The report's looks. Light and dark by the reader's system; colour never stands alone, words say the same. */
export const style = `
:root {
  color-scheme: light dark;
  --page: light-dark(#f4f6f8, #0f141b);
  --card: light-dark(#fff, #171e27);
  --text: light-dark(#17212e, #e6ebf2);
  --muted: light-dark(#586575, #9dabbc);
  --line: light-dark(#dde3ea, #2b3644);
  --good: light-dark(#137a45, #4cc38a);
  --bad: light-dark(#c22f1c, #ff7a66);
  --wait: light-dark(#8a5a00, #e0b04c);
  --good-tint: light-dark(#e7f5ed, #12291f);
  --bad-tint: light-dark(#fdeeeb, #321a17);
  --wait-tint: light-dark(#fdf5e3, #2e2613);
  --new: light-dark(#2f6bda, #5f97f6);
  --old: light-dark(#a3afbf, #5d6b7e);
  --other: light-dark(#9a7fc7, #a78bd8);
  --f0: light-dark(#d43a24, #ff6b55);
  --f1: light-dark(#e08a00, #f2b03d);
  --f2: light-dark(#a02fb0, #d67ae4);
  --f3: light-dark(#5f4b32, #c9ad85);
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
main, footer { max-width: 1120px; margin: 0 auto; padding: 24px 20px 8px; }
footer { color: var(--muted); font-size: 12.5px; overflow-wrap: anywhere; padding-bottom: 32px; }
h1, h2, h3, p, ul, ol, dl, dd, figure { margin: 0; padding: 0; }
ul, ol { list-style: none; }
section { margin-top: 28px; }
section > h2 { font-size: 17px; margin-bottom: 10px; }
small { font-size: 12.5px; color: var(--muted); }
b, strong { font-weight: 600; }
.muted { color: var(--muted); }
.good { color: var(--good); }
.bad { color: var(--bad); }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 16px 18px; }
.scroll { overflow-x: auto; }

.hero { border-radius: 12px; padding: 22px 24px; border: 1px solid; border-left-width: 8px; color: var(--text); }
.hero.good { background: var(--good-tint); border-color: var(--good); }
.hero.bad { background: var(--bad-tint); border-color: var(--bad); }
.hero.neutral { background: var(--wait-tint); border-color: var(--wait); }
.hero .state { font-weight: 700; font-size: 14px; letter-spacing: .02em; }
.hero.good .state { color: var(--good); }
.hero.bad .state { color: var(--bad); }
.hero.neutral .state { color: var(--wait); }
.hero h1 { font-size: clamp(21px, 3.2vw, 30px); line-height: 1.2; margin: 4px 0 8px; text-wrap: balance; }
.hero .lead { font-size: 17px; }
.hero .meta { margin-top: 14px; color: var(--muted); font-size: 13px; overflow-wrap: anywhere; }
.hero dl { margin-top: 16px; display: grid; grid-template-columns: 132px 1fr; gap: 8px 16px; }
.hero dt { color: var(--muted); font-weight: 600; }
.hero dd { overflow-wrap: anywhere; min-width: 0; }
.hero dd ul { list-style: disc; padding-left: 18px; }

.cards { display: grid; grid-template-columns: 1.35fr 1fr 1.1fr 1.1fr; gap: 14px; margin-top: 16px; }
.cards h2 { font-size: 13px; color: var(--muted); font-weight: 600; }
.cards .big { font-size: 27px; font-weight: 650; line-height: 1.25; letter-spacing: -.01em; }
.cards .under { color: var(--muted); font-size: 13px; overflow-wrap: anywhere; }
.parts { margin-top: 12px; font-size: 13px; }
.parts li { display: flex; gap: 6px; align-items: baseline; padding: 2px 0; }
.parts b { margin-left: auto; text-align: right; font-variant-numeric: tabular-nums; }
.stack { display: flex; height: 10px; border-radius: 5px; overflow: hidden; margin-top: 12px; background: var(--line); }
.stack i { min-width: 2px; }
.key { display: inline-block; width: 10px; height: 10px; border-radius: 3px; flex: none; }
.w0 { background: light-dark(#5b7fb8, #6f95d1); } .w1 { background: light-dark(#3f9b97, #57b7b2); }
.w2 { background: light-dark(#8aa63f, #a3c05a); } .w3 { background: light-dark(#c49a3a, #d9b25a); }
.w4 { background: light-dark(#9b86b8, #b39fd0); } .w5 { background: light-dark(#b5768b, #cf90a5); } .own { background: var(--text); }

.timeline { --gutter: 52px; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 18px; margin-bottom: 12px; font-size: 13.5px; }
.legend .key { margin-right: 6px; }
.key.new { background: var(--new); } .key.old { background: var(--old); }
.key.f0 { background: var(--f0); } .key.f1 { background: var(--f1); } .key.f2 { background: var(--f2); } .key.f3 { background: var(--f3); }
.timeline h3 { font-size: 13px; font-weight: 600; margin: 0 0 6px; }
.row { display: grid; grid-template-columns: var(--gutter) minmax(0, 1fr); }
.area { position: relative; }
.bands { height: 26px; font-size: 12.5px; }
.band { position: absolute; top: 0; height: 22px; line-height: 22px; overflow: hidden; white-space: nowrap; text-overflow: ellipsis; padding: 0 5px; border-radius: 4px; border-right: 2px solid var(--card); background: light-dark(#edf0f4, #202a36); }
.band.good { background: var(--good-tint); } .band.bad { background: var(--bad-tint); font-weight: 600; }
.band.good, .band.bad { color: var(--text); } .band b { color: var(--good); } .band.bad b { color: var(--bad); }
.band.revert { background: var(--wait-tint); color: var(--wait); font-weight: 600; }
.marks { height: 24px; }
.marks span { position: absolute; transform: translateX(-50%); background: var(--text); color: var(--card); border-radius: 10px; font-size: 12px; line-height: 20px; min-width: 20px; padding: 0 6px; text-align: center; font-weight: 600; white-space: nowrap; word-spacing: 3px; }
.panel { margin-bottom: 14px; }
.panel .axis { display: flex; flex-direction: column; justify-content: space-between; position: relative; color: var(--muted); font-size: 12px; text-align: right; padding-right: 8px; line-height: 1; font-variant-numeric: tabular-nums; }
.axis > span:first-of-type { margin-top: -5px; } .axis > span:last-of-type { margin-bottom: -5px; }
.area svg { display: block; width: 100%; height: 120px; overflow: visible; }
.panel.share svg { height: 130px; } .panel.failed svg { height: 84px; }
.none { color: var(--good); font-size: 13.5px; padding: 2px 0 8px; }
svg path { fill: none; vector-effect: non-scaling-stroke; }
.grid { stroke: var(--line); stroke-width: 1; }
.border { stroke: var(--muted); stroke-width: 1; stroke-dasharray: 2 4; opacity: .6; }
.harm { fill: var(--bad); opacity: .13; }
.detected { stroke: var(--bad); stroke-width: 1.5; stroke-dasharray: 5 3; }
.decided { stroke: var(--bad); stroke-width: 2; }
.restored { stroke: var(--good); stroke-width: 2; }
svg .fill { fill: var(--new); opacity: .16; }
.weights { stroke: var(--new); stroke-width: 2.5; }
.dot { stroke: var(--text); stroke-width: 4.5; stroke-linecap: round; }
rect.new { fill: var(--new); } rect.old { fill: var(--old); } rect.other { fill: var(--other); }
rect.f0 { fill: var(--f0); } rect.f1 { fill: var(--f1); } rect.f2 { fill: var(--f2); } rect.f3 { fill: var(--f3); }
.bar:hover rect { opacity: .7; }
.ticks { height: 20px; font-size: 12px; color: var(--muted); font-variant-numeric: tabular-nums; }
.ticks span { position: absolute; transform: translateX(-50%); white-space: nowrap; }
.ticks span:first-child { transform: none; }
figcaption { color: var(--muted); font-size: 12.5px; margin-top: 8px; }

.steps { display: grid; grid-auto-flow: column; grid-auto-columns: 1fr; gap: 10px; }
.steps li { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 14px; display: flex; flex-direction: column; gap: 2px; }
.steps p { font-size: 13.5px; } .steps strong { font-size: 21px; line-height: 1.2; }
.steps .number { background: var(--text); color: var(--card); width: 20px; height: 20px; line-height: 20px; border-radius: 10px; text-align: center; font-size: 12px; font-weight: 600; margin-bottom: 4px; }
.steps + p { margin-top: 10px; font-size: 13.5px; }

.gate { background: var(--card); border: 1px solid var(--line); border-left: 5px solid var(--good); border-radius: 8px; margin-bottom: 8px; color: var(--text); }
.gate.bad { border-left-color: var(--bad); }
.gate summary { display: grid; grid-template-columns: 104px 128px 1fr auto; gap: 12px; align-items: baseline; padding: 11px 14px; cursor: pointer; list-style: none; }
.gate summary::-webkit-details-marker { display: none; }
.gate summary:focus-visible { outline: 2px solid var(--new); outline-offset: 2px; border-radius: 6px; }
.gate .chip { font-weight: 600; color: var(--good); white-space: nowrap; }
.gate.bad .chip { color: var(--bad); }
.gate .name { font-weight: 600; overflow-wrap: anywhere; }
.gate .sentence { color: var(--muted); overflow-wrap: anywhere; } .gate.bad .sentence { color: var(--text); }
.gate .facts { color: var(--muted); font-size: 13px; white-space: nowrap; }
.gate .facts::after { content: ' ▸'; } .gate[open] .facts::after { content: ' ▾'; }
.inside { padding: 4px 14px 14px; border-top: 1px solid var(--line); }
.tests { margin: 10px 0; } .tests li { display: flex; gap: 8px; padding: 2px 0; }
.tests .mark { font-weight: 700; } .tests li > span:last-child { color: var(--text); min-width: 0; } .tests b { font-weight: 500; }
pre { margin: 6px 0; padding: 8px 10px; background: var(--page); border: 1px solid var(--line); border-radius: 6px; font: 12.5px/1.45 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; font-size: 13.5px; }
th, td { text-align: left; padding: 7px 12px 7px 0; border-bottom: 1px solid var(--line); vertical-align: top; font-weight: 400; }
tbody tr:last-child > * { border-bottom: 0; }
thead th { color: var(--muted); font-size: 12.5px; white-space: nowrap; }
tbody th { font-weight: 600; } .numbers th, .numbers td, .axis span { white-space: nowrap; } .actions tbody th { font-weight: 400; }
.numbers td:nth-child(n+3), .numbers th:nth-child(n+3) { text-align: right; font-variant-numeric: tabular-nums; padding-right: 0; padding-left: 14px; }
.actions td { white-space: nowrap; font-variant-numeric: tabular-nums; } .actions th small { display: block; }
.when { width: 26%; min-width: 120px; }
.track { display: block; position: relative; height: 10px; margin-top: 6px; border-radius: 5px; background: light-dark(#edf0f4, #202a36); }
.track i { position: absolute; top: 0; height: 10px; min-width: 4px; border-radius: 5px; background: var(--new); }
.track i.bad { background: var(--bad); }
.notes li { padding: 3px 0; overflow-wrap: anywhere; }

@media (max-width: 900px) {
  .cards { grid-template-columns: repeat(2, 1fr); }
  .steps { grid-auto-flow: row; grid-auto-columns: auto; }
  .steps li { display: grid; grid-template-columns: 30px 1fr auto; gap: 2px 8px; align-items: baseline; padding: 10px 14px; }
  .steps small { grid-column: 2 / -1; }
  .steps strong { font-size: 16px; }
}
@media (max-width: 620px) {
  main, footer { padding-left: 12px; padding-right: 12px; }
  .cards { grid-template-columns: 1fr; }
  .hero { padding: 16px; } .hero dl { grid-template-columns: 1fr; gap: 2px; } .hero dd { margin-bottom: 8px; }
  .card { padding: 14px; }
  .scroll table { min-width: 560px; } .when { display: none; }
  .timeline { --gutter: 44px; }
      .ticks span:nth-child(even) { display: none; }
  .band { padding: 0 3px; }
  .gate summary { grid-template-columns: 1fr auto; } .gate .sentence, .gate .facts { grid-column: 1 / -1; white-space: normal; }
}
@media print { .gate { break-inside: avoid; } }
`
