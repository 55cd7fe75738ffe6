"""Networks: recipes, the graph builder, the catalogue of improvements, weights files."""
