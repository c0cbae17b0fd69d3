# Commands are taken out of README.md, so that what is proven is what is written there.

from_readme() { # the lines of the fenced block after <!-- $1 -->, as one script
  local block
  block=$(awk -v mark="<!-- $1 -->" '$0 == mark {on = 1; next} on && /^```/ {if (++fence == 2) exit; next} on && fence {print}' \
    "${README:-$here/README.md}")
  [[ -n $block ]] || { echo "README.md has no block marked <!-- $1 -->" >&2; return 1; }
  printf '%s\n' "$block"
}
