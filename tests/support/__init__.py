"""What several tests share: small links, an enemy on the wire, an independent auditor."""
