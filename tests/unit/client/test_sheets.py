import io

import numpy as np
from PIL import Image

from directrix.client.sheets import Sheet


def tile(value, channels=1):
    return np.full((4, 5, channels), value, np.uint8)


def test_pictures_are_enlarged_pixel_by_pixel_in_their_places():
    rows = ((tile(10), tile(20)), (tile(30), tile(40)))
    sheet = Sheet(rows, row_labels=("", ""), column_labels=("", ""))
    pixels = np.asarray(Image.open(io.BytesIO(sheet.png(scale=3))))
    corners = {}
    for value in (10, 20, 30, 40):
        ys, xs = np.nonzero((pixels == value).all(2))
        assert (np.ptp(ys) + 1, np.ptp(xs) + 1, len(ys)) == (12, 15, 180)
        corners[value] = (ys.min(), xs.min())
    step_x, step_y = 15 + 6, 12 + 6
    top, left = corners[10]
    assert corners[20] == (top, left + step_x)
    assert corners[30] == (top + step_y, left)
    assert corners[40] == (top + step_y, left + step_x)


def test_labels_and_title_make_room_for_themselves():
    rows = ((tile(0, 3),),)

    def size(row, title):
        data = Sheet(rows, (row,), ("x",), title).png(scale=2)
        return Image.open(io.BytesIO(data)).size

    width, height = size("", "")
    assert size("a long label", "")[0] > width + 40
    assert size("", "a title")[1] > height
