"""`python -m directrix.cli`: the same as `directrix`."""

from directrix.cli import main

if __name__ == "__main__":
    main()
