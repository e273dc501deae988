Flag --validate has been deprecated, use '--dry-run=server' instead
---
# Source: c/templates/a.yaml
apiVersion: v1
kind: ConfigMap
metadata: {generateName: x}
