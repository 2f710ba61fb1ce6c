"""`python -m service.cli`: the commands, where the script `nearhit` is not on the path."""

from service.cli import main

main()
