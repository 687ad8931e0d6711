"""The networks that know photos already, and what the family needs to know of one."""
