#!/bin/sh
# Writes .dvc/plots.html, the page that `dvc plots show` fills: sh .dvc/plots.sh, with npm and network.
# DVC's own page loads Vega from a network at each view; this one carries it. The major versions are
# those for which DVC writes its graphs (SCRIPTS in dvc_render/vega.py).
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# file PACKAGE@VERSION PATH: print a file of an npm package.
file() {
  tarball=$(cd "$work" && npm pack --silent "$1")
  tar --extract --gzip --to-stdout --file "$work/$tarball" "package/$2"
}

# script PACKAGE@VERSION PATH: a <script> with the file, without the address of its source map.
script() {
  printf '<!-- %s, BSD-3-Clause; licence at the end -->\n<script>\n' "$1"
  file "$@" > "$work/script"
  grep --invert-match '^//# sourceMappingURL=' "$work/script"
  printf '</script>\n'
}

# licence USE PACKAGE@VERSION [PATH]
licence() {
  printf '\n==== %s\n\n' "$1"
  file "$2" "${3:-LICENSE}"
}

{
  cat << 'HEAD'
<!DOCTYPE html>
<!-- Written by plots.sh: change that instead. -->
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
{refresh_tag}
<title>Plots</title>
<style>
  :root { color-scheme: light dark; --ground: #fbfaf7; --text: #1d1d1f; --edge: #c9c8c4; }
  @media (prefers-color-scheme: dark) {
    :root { --ground: #17181b; --text: #ececee; --edge: #4a4c52; }
  }
  body { margin: 1.5rem; background: var(--ground); color: var(--text); font: 1rem/1.45 system-ui, sans-serif; }
  h1 { margin: 0 0 1rem; font-size: 1.5rem; }
  main { display: flex; flex-wrap: wrap; gap: 1rem; align-items: flex-start; }
  /* Graphs and pictures are black on white, so they lie on white cards, in the dark too.
     !important, as DVC writes borders and no wrapping into its elements. */
  main > div {
    box-sizing: border-box; max-width: 100%; padding: 1rem; overflow-x: auto;
    color-scheme: light; background: #fff; color: #1d1d1f; border-radius: .5rem;
    border: 1px solid var(--edge) !important; white-space: normal !important;
  }
  main > div > div { border: 0 !important; margin: 0 .5rem !important; max-width: 100%; }
  main p { margin: 0 0 .5rem; }
  main > div > p { font-weight: 600; }
  main img { max-width: 100%; height: auto; }
  /* Two revisions of a picture lie side by side where there is room. */
  @media (min-width: 60rem) {
    main > div > div:has(> img):not(:only-of-type) { max-width: calc(50% - 1.5rem); }
  }
  .vega-bind { font-size: .8rem; }
</style>
HEAD
  script vega@5.33.1 build/vega.min.js
  script vega-lite@5.23.0 build/vega-lite.min.js
  script vega-embed@6.29.0 build/vega-embed.min.js
  cat << 'BODY'
</head>
<body>
<h1>Plots</h1>
<main>
{plot_divs}
</main>
</body>
</html>
<!--
The licences of the scripts above and of what they contain.
BODY
  licence 'vega 5.33.1' vega@5.33.0 # the package of 5.33.1 lacks the file
  licence 'vega-lite 5.23.0' vega-lite@5.23.0
  licence 'vega-embed 6.29.0' vega-embed@6.29.0
  licence 'd3, in vega' d3@7.9.0
  licence 'd3-geo, in vega' d3-geo@3.1.1
  licence 'd3-geo-projection, in vega' d3-geo-projection@4.0.0
  licence 'd3-scale-chromatic, in vega' d3-scale-chromatic@3.1.0
  licence 'd3-delaunay, in vega' d3-delaunay@6.0.4
  licence 'delaunator, in vega' delaunator@5.0.1
  licence 'internmap, in vega' internmap@2.0.3
  licence 'topojson-client, in vega' topojson-client@3.1.0
  licence 'fast-json-patch, in vega-embed' fast-json-patch@3.1.1 LICENSE.txt
  licence 'json-stringify-pretty-compact, in vega-embed' json-stringify-pretty-compact@4.0.0
  licence 'semver, in vega-embed' semver@7.7.1
  printf -- '-->\n'
} > "$work/plots.html"
mv "$work/plots.html" plots.html
