"""What rules are built with: surroundings, planner, levels, ladders, betas, shocks, stops and rolls."""
