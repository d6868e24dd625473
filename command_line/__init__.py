"""What every command needs: errors, the console, progress, running other programs."""
