"""`python -m astrobench` is `astrobench`."""

from astrobench.cli import main

if __name__ == "__main__":
    main()
