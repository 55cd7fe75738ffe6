"""Products of matrices, for operators that read and multiply in turns."""
