"""How a report looks: dark or light as the reader's system is, light on paper."""

from __future__ import annotations

_LIGHT = """
--ground:#f4f6f8; --surface:#ffffff; --raised:#eef1f4; --border:#d3dae2; --ink:#1b222b; --strong:#0b0f14;
--muted:#55606d; --grid:#e1e6eb; --accent:#2563eb; --good:#12803f; --bad:#c22f26; --warning:#a35c00;
--c0:#2f6cb0; --c1:#4a8a3a; --c2:#b8503f; --c3:#7a55b3; --c4:#9a7a10; --c5:#1c8474; --c6:#a4477f; --c7:#55606d;
"""
_DARK = """
--ground:#0f1216; --surface:#13171c; --raised:#1b2128; --border:#2c3541; --ink:#d8dde4; --strong:#f4f7fe;
--muted:#8b96a3; --grid:#262e38; --accent:#7fa6f8; --good:#2ebe70; --bad:#f0645a; --warning:#efa239;
--c0:#8fb3dc; --c1:#b0d2a3; --c2:#dfa49a; --c3:#c6b2e3; --c4:#ddc993; --c5:#8fd0c4; --c6:#d9a7c7; --c7:#aeb8c4;
"""

_CHANNELS = "".join(f".thumb .c{n}{{stroke:var(--c{n})}}" for n in range(8))

STYLE = f"""
:root {{ color-scheme:light dark; {_LIGHT} }}
@media (prefers-color-scheme:dark) {{ :root {{ {_DARK} }} }}
@media print {{ :root {{ color-scheme:light; {_LIGHT} --ground:#ffffff }} }}
* {{ box-sizing:border-box }}
body {{ margin:0; background:var(--ground); color:var(--ink);
  font:15px/1.55 Inter,system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif }}
main {{ max-width:980px; margin:0 auto; padding:48px 24px 40px }}
h1,h2,h3 {{ color:var(--strong); line-height:1.2; overflow-wrap:anywhere }}
h1 {{ font-size:34px; margin:4px 0 6px; letter-spacing:-.01em }}
h2 {{ font-size:20px; margin:0 0 14px }}
h3 {{ font-size:15px; margin:0; display:flex; align-items:center; gap:8px }}
h3 i {{ width:12px; height:12px; border-radius:3px; flex:none; border:1px solid var(--muted) }}
kbd {{ margin-left:auto; font:12px ui-monospace,"JetBrains Mono",monospace; color:var(--muted);
  border:1px solid var(--border); border-radius:4px; padding:1px 6px }}
code,.facts td,.number {{ font-family:ui-monospace,"JetBrains Mono",Menlo,Consolas,monospace; font-size:13px }}
p {{ margin:0 0 12px }}
.over {{ text-transform:uppercase; letter-spacing:.08em; font-size:12px; color:var(--muted); margin:0 }}
.about,.note,footer {{ color:var(--muted) }}
.note,footer {{ font-size:13px }}
.story {{ font-size:17px; margin:22px 0 }}
.tiles {{ display:grid; grid-template-columns:repeat(4,1fr); gap:1px; background:var(--border); margin:0 0 20px;
  border:1px solid var(--border); border-radius:10px; overflow:hidden }}
.tiles div {{ background:var(--surface); padding:14px 16px; display:flex; flex-direction:column }}
.tiles dd {{ margin:0; font-size:24px; font-weight:600; color:var(--strong); font-variant-numeric:tabular-nums }}
.tiles dt {{ color:var(--muted); font-size:13px; line-height:1.35 }}
section {{ background:var(--surface); border:1px solid var(--border); border-radius:10px; padding:22px 24px 14px;
  margin:0 0 20px }}
.cards {{ display:grid; grid-template-columns:repeat(auto-fill,minmax(270px,1fr)); gap:12px; margin-bottom:10px }}
article {{ border:1px solid var(--border); border-radius:8px; padding:12px 14px }}
article p {{ margin:6px 0 10px; color:var(--muted); font-size:13px }}
.thumbs {{ display:grid; grid-template-columns:repeat(3,1fr); gap:6px }}
.thumb {{ width:100%; height:auto; background:var(--raised); border-radius:4px; display:block }}
.thumb polyline {{ fill:none; stroke-width:1.1; stroke-linejoin:round }}
{_CHANNELS}
figure {{ margin:0 0 10px }}
svg.figure {{ width:100%; height:auto; display:block; overflow:visible }}
svg.figure text {{ font-family:inherit !important }}
.wide {{ overflow-x:auto; margin-bottom:12px }}
table {{ border-collapse:collapse; font-size:13px }}
th {{ text-align:left; font-weight:600; color:var(--strong) }}
td,th {{ padding:5px 14px 5px 0; border-bottom:1px solid var(--grid); vertical-align:top; overflow-wrap:anywhere }}
thead th {{ color:var(--muted); font-weight:500 }}
.timeline,.notes {{ width:100% }}
.timeline .number,.timeline th {{ white-space:nowrap }}
.timeline .learned td {{ color:var(--muted) }}
.timeline .rejected td {{ color:var(--bad) }}
.facts {{ margin-bottom:12px }}
.facts th {{ color:var(--muted); font-weight:500; padding-right:24px; white-space:nowrap }}
.confusion td,.confusion th {{ padding:7px 12px; border:1px solid var(--border); max-width:170px }}
.confusion td {{ text-align:right; min-width:64px; font-variant-numeric:tabular-nums }}
.confusion thead span {{ opacity:.75 }}
.confusion .right {{ background:color-mix(in srgb,var(--good) calc(var(--share)*.38),transparent) }}
.confusion .wrong {{ background:color-mix(in srgb,var(--bad) calc(var(--share)*.38),transparent) }}
ul {{ margin:0 0 12px; padding-left:20px; font-size:13px }}
footer {{ padding:6px 2px }}
@media (max-width:640px) {{ .tiles {{ grid-template-columns:repeat(2,1fr) }} main {{ padding:28px 14px }}
  section {{ padding:18px 14px 8px }} }}
@page {{ margin:16mm }}
@media print {{
  body {{ font-size:11pt }} main {{ max-width:none; padding:0 }}
  * {{ -webkit-print-color-adjust:exact; print-color-adjust:exact }}
  article,figure,tr,.tiles {{ break-inside:avoid }} h2 {{ break-after:avoid }}
  section {{ border:0; padding:0; margin:0 0 18pt }}
}}
"""
