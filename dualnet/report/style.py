"""The style sheet of the page: light, dark, and on paper.

The colours of lines are Okabe and Ito's, told apart by colour-blind readers; every line also
has a dash pattern of its own, and every cell beyond its gate a cross.
"""

from __future__ import annotations

__all__ = ["STYLE"]

STYLE = """
:root { color-scheme: light dark; --fore: #1d2330; --back: #fff; --soft: #5b6472;
  --grid: #dfe3e9; --tile: #f5f7fa; --good: #15803d; --fair: #b45309; --bad: #b91c1c;
  --one: #0072b2; --two: #d55e00; --three: #6b7280; --four: #00795a; --five: #a3487f;
  --control: #8a94a666; --allowed: #8a94a62e;
  --h0: #ffffff; --h1: #eaf2fb; --h2: #c9def3; --h3: #9cc3e8; --h4: #649fd6; --h5: #2f74b5;
  --h6: #fdc68a; --h7: #f58634; --h8: #c8400e; --h9: #7a1512;
  --ink-low: #1d2330; --ink-gate: #fff; --ink-over: #1d2330; --ink-far: #fff; }
@media screen and (prefers-color-scheme: dark) { :root { --fore: #e5e7eb; --back: #12151c;
  --soft: #a3abb8; --grid: #2b303b; --tile: #1a1e27; --good: #4ade80; --fair: #fbbf24;
  --bad: #f87171; --one: #56b4e9; --two: #ff9f4a; --three: #a3abb8; --four: #3fcf9f;
  --five: #e3a0c9; --control: #8a94a659; --allowed: #8a94a62b;
  --h0: #12151c; --h1: #16273a; --h2: #1b3a59; --h3: #22527f; --h4: #2f71ad; --h5: #6aa9e4;
  --h6: #8f3a0b; --h7: #cf5a17; --h8: #f7914f; --h9: #ffd9b8;
  --ink-low: #e5e7eb; --ink-gate: #12151c; --ink-over: #fff; --ink-far: #12151c; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--fore); background: var(--back);
  max-width: 62rem; margin: 1.5rem auto; padding: 0 1rem; }
h1 { font-size: 1.35rem; margin: 0; } h2 { font-size: 1.15rem; margin: 2.2rem 0 .4rem;
  border-bottom: 1px solid var(--grid); } h3 { font-size: 1rem; margin: 1.4rem 0 .2rem; }
p { margin: .4rem 0; overflow-wrap: anywhere; } .soft { color: var(--soft); font-size: .87rem; }
.verdict { border-left: .5rem solid; padding: .5rem 1rem; margin-bottom: 1rem; }
.identical, .agree { border-color: var(--good); } .noise { border-color: var(--fair); }
.diverged { border-color: var(--bad); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(13rem, 1fr)); gap: .7rem;
  margin-bottom: .8rem; }
.tiles div { background: var(--tile); border-radius: .4rem; padding: .5rem .8rem; }
.tiles b { display: block; font-size: 1.15rem; font-weight: 600; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; } td, th { padding: .15rem .7rem .15rem 0; text-align: right; }
th { color: var(--soft); font-weight: 500; vertical-align: bottom; }
td { font-variant-numeric: tabular-nums; white-space: nowrap; }
tr { border-top: 1px solid var(--grid); }
.words { text-align: left; white-space: normal; }
.facts .words { overflow-wrap: anywhere; }
.whole { white-space: nowrap; } .marked td { font-weight: 700; }
.marked td:first-child { color: var(--bad); }
.facts td { vertical-align: top; }
.facts td:first-child { color: var(--soft); white-space: nowrap; }
details { margin: .7rem 0; } td details { margin: 0; }
summary { cursor: pointer; color: var(--soft); }
figure { margin: 1.1rem 0; overflow-x: auto; } figcaption { font-weight: 600; line-height: 1.9; }
figure > svg { width: 100%; min-width: 34rem; height: auto; display: block; }
.pair figure > svg { min-width: 20rem; }
.pair { display: grid; gap: 0 1.2rem;
  grid-template-columns: repeat(auto-fit, minmax(min(22rem, 100%), 1fr)); }
svg text { font: 11px system-ui, sans-serif; fill: var(--soft); } .grid { stroke: var(--grid); }
.line polyline { fill: none; stroke-width: 1.7; stroke-linejoin: round; }
.one polyline { stroke: var(--one); } .one circle { fill: var(--one); }
.two polyline { stroke: var(--two); stroke-dasharray: 6 4; } .two circle { fill: var(--two); }
.three polyline { stroke: var(--three); stroke-dasharray: 9 3; } .three circle { display: none; }
.four polyline { stroke: var(--four); stroke-dasharray: 1.5 3; } .four circle { fill: var(--four); }
.five polyline { stroke: var(--five); stroke-dasharray: 7 3 1.5 3; }
.five circle { fill: var(--five); }
.six polyline { stroke: var(--fore); stroke-dasharray: 3 2; } .six circle { fill: var(--fore); }
.band.control { fill: var(--control); } .band.allowed { fill: var(--allowed); }
line.level { stroke: var(--three); stroke-dasharray: 9 3; }
.mark line { stroke: var(--fair); stroke-width: 1.4; stroke-dasharray: 4 2; }
.mark.bad line { stroke: var(--bad); stroke-dasharray: none; }
svg .mark text { fill: var(--fore); }
svg .mark text, svg .level text { paint-order: stroke; stroke: var(--back); stroke-width: 3px; }
.key { font-weight: 400; font-size: .85rem; margin-left: 1rem; white-space: nowrap; }
.key svg { width: 26px; height: 10px; margin-right: .35rem; }
svg .group { font-weight: 600; fill: var(--fore); } svg .row { fill: var(--fore); }
svg .cross { fill: var(--ink-over); } svg .far { fill: var(--ink-far); }
rect.heat { stroke: var(--grid); stroke-width: .6; }
.h0 { fill: var(--h0); background: var(--h0); } .h1 { fill: var(--h1); background: var(--h1); }
.h2 { fill: var(--h2); background: var(--h2); } .h3 { fill: var(--h3); background: var(--h3); }
.h4 { fill: var(--h4); background: var(--h4); } .h5 { fill: var(--h5); background: var(--h5); }
.h6 { fill: var(--h6); background: var(--h6); } .h7 { fill: var(--h7); background: var(--h7); }
.h8 { fill: var(--h8); background: var(--h8); } .h9 { fill: var(--h9); background: var(--h9); }
.heated td, .heated th { padding: .15rem .6rem; }
td[class^="h"] { color: var(--ink-low); border: 1px solid var(--back); }
td.h5 { color: var(--ink-gate); } td.h6, td.h7 { color: var(--ink-over); }
td.h8, td.h9 { color: var(--ink-far); }
@media print { body { max-width: none; margin: 0; font-size: 11px; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  figure { overflow: visible; } figure > svg { min-width: 0; }
  figure, tr, .verdict, .tiles { break-inside: avoid; } h2, h3 { break-after: avoid; }
  details::details-content { content-visibility: visible; block-size: auto; } }
"""
