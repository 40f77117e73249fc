directrix models register directrix/zoo/models/fashion-generator
directrix models register directrix/zoo/models/fashion-classifier
export DIGEST=$(directrix models show fashion-generator --json \
    | python -c 'import json, sys; print(json.load(sys.stdin)["digest"])')
export SET=$(directrix discover run sefa -g fashion-generator -p fashion-classifier \
    --param components=2)
export AUDIT=$(directrix audit run fashion-classifier -g fashion-generator -f $SET \
    --samples 64 --explained 0)
export DONE=$(directrix discover run sefa -g fashion-generator --seed 1 --no-wait)
directrix jobs wait $DONE
export OPERATION=$(directrix discover run sefa -g fashion-generator --seed 2 --no-wait)
directrix edit fashion-generator --seed 1 -o picture.png
