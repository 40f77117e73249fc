from directrix.client.names import Names, short


def test_short_ids_become_full_names_and_full_names_stay():
    names = Names("shop")
    assert names.model("fashion") == "projects/shop/models/fashion"
    assert names.finding_set("f1") == "projects/shop/findingSets/f1"
    assert names.operation("o") == "projects/shop/operations/o"
    assert names.model("projects/other/models/m") == "projects/other/models/m"
    assert short("projects/other/models/m") == "m"
