"""Problems that can only be solved by remembering for long: what each cell makes of them."""
