"""What others labelled or made, taken in: cut-outs of labelled pictures, and datasets of the 2020 layout."""
