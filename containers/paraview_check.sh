#!/bin/sh
# Draw the views of two small runs and of a study with a real ParaView, and see that pictures come out.
#
#   sh containers/paraview_check.sh FOLDER
#
# Needs the environment of `make` and pvpython (ParaView 5.12 or newer) on the PATH, for example from
# Debian 13's packages `paraview python3-paraview xvfb xauth`. PVPYTHON says how to start it where that is
# not enough, for example PVPYTHON='xvfb-run -a pvpython' on a machine without a screen.
set -eu

top=${1:?the first argument is a folder for results}
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
cellion=${CELLION:-$root/.venv/bin/cellion}

drawn() { # folder, then the pictures that are expected
    folder=$1
    shift
    ${PVPYTHON:-pvpython} "$folder/paraview_views.py" --screenshot "$folder/views.png"
    for picture in "$@"; do
        [ -s "$folder/$picture" ] || { echo "$folder/$picture was not drawn" >&2; exit 1; }
    done
}

"$cellion" run "$root/scenarios/teaching.yaml" -o "$top/teaching" --set output.pictures=false
"$cellion" run "$root/scenarios/llto_polycrystal.yaml" -o "$top/llto" --set output.pictures=false \
    --set 'microstructure.polycrystal.box=[5 um, 5 um, 5 um]' --set mesh.size='1 um'
"$cellion" study "$root/scenarios/teaching_study.yaml" -o "$top/study" --set output.pictures=false \
    --set 'study.vary={temperature: [273 K, 298 K, 323 K]}' --set study.replicates=1
drawn "$top/teaching" views.png
drawn "$top/llto" views.png
drawn "$top/study" views_000.png views_001.png views_002.png
echo "ParaView: passed"
