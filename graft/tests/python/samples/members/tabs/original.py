class Gate:

	def open(self):
		if self.shut:
			return 1
